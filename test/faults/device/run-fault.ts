import { eventually } from '../../support/eventually.ts';
import { ALWAYS, type Expected, type Fault, fits, show } from './fault.ts';
import { Site } from './site.ts';

export interface FaultRow {
  fault: string;
  expected: string;
  seen: string;
  /** Null: it cannot be tried on this machine. */
  ok: boolean | null;
  seconds: number;
}

let current: Site | null = null;

/** Ends what the fault that is being done has started, for when somebody ends the command. */
export async function stopFault(): Promise<void> {
  await current?.dispose();
}

const SETTLE_MS = 20_000;
const LONGEST_TEXT = 160;

function shorten(value: unknown): string {
  const text = String(value).replace(/\s+/g, ' ');
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function mismatches(expected: Expected, seen: Record<string, unknown>): string[] {
  return Object.entries(expected).flatMap(([name, wanted]) => (fits(wanted, seen[name]) ? [] : [name]));
}

/** Does one fault to one device and looks what becomes of it. */
export async function runFault(fault: Fault): Promise<FaultRow> {
  const expected = { ...ALWAYS, ...fault.expected };
  const start = performance.now();
  const row = (seen: string, ok: boolean | null): FaultRow => ({
    fault: fault.name,
    expected: Object.entries(expected)
      .map(([name, wanted]) => `${name}=${show(wanted)}`)
      .join(', '),
    seen,
    ok,
    seconds: Math.round((performance.now() - start) / 1000),
  });
  const obstacle = fault.impossible?.() ?? null;
  if (obstacle !== null) {
    return row(`not possible here: ${obstacle}`, null);
  }
  let site: Site | null = null;
  let seen: Record<string, unknown> = {};
  try {
    site = await Site.create(fault.diskMb ?? null);
    current = site;
    const { at } = site;
    const own = await fault.run(site);
    await eventually(
      async () => {
        seen = { ...(await site?.facts()), ...own };
        return mismatches(expected, seen).length === 0;
      },
      { withinMs: SETTLE_MS, everyMs: 200 },
    ).catch(() => at.print());
    const facts = Object.keys(expected).map((name) => `${name}=${shorten(seen[name])}`);
    return row(facts.join(', '), mismatches(expected, seen).length === 0);
  } catch (error) {
    site?.at.print();
    return row(`the run failed: ${shorten((error as Error).message)}`, false);
  } finally {
    current = null;
    await site?.dispose();
  }
}

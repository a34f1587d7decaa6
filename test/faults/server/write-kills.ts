import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';
import type { FaultRow } from '../device/run-fault.ts';
import { inWords } from './words.ts';

const ORDER = join(tmpdir(), `flowyard-kill-${process.pid}.json`);
const PRELOAD = join(import.meta.dirname, 'preload/kill-at-write.cjs');
/** What was due then is due now. */
export const LONG_AGO = '2020-01-01T00:00:00.000Z';
/** More than anything that is killed here writes. */
const MOST_WRITES = 100;

/** A control plane that can be ended right before the n-th thing that it writes from a certain statement on. */
export interface KillSite {
  cp: ControlPlaneProcess;
  knex: Knex;
}

/** Work that is killed at each of its writes in turn, and what must be true in the end, whichever that was. */
export interface WriteKills<State> {
  name: string;
  expected: string;
  /** A piece of the first statement that belongs to it. */
  from: string;
  /** What it needs, once. */
  prepare: (site: KillSite) => Promise<State>;
  /** Makes the work due, with the control plane running or, at the end of it, not. */
  arrange: (site: KillSite, state: State) => Promise<void>;
  /** Has it done, with the control plane as `arrange` left it; what is done by itself needs none. Failing is fine. */
  begin?: (site: KillSite, state: State) => Promise<unknown>;
  /** Resolves once it is done, also when it was never killed. */
  done: (site: KillSite, state: State) => Promise<boolean>;
  /** After the restart: null when all is as it must be, else what is not. */
  check: (site: KillSite, state: State) => Promise<string | null>;
}

/** How many snapshots there are with these columns. */
export async function countSnapshots({ knex }: KillSite, where: Record<string, string>): Promise<number> {
  const [row] = await knex('snapshots').where(where).count({ n: '*' });
  return Number(row?.n);
}

let site: KillSite | null = null;

async function open(): Promise<KillSite> {
  const cp = new ControlPlaneProcess({ NODE_OPTIONS: `--require=${PRELOAD}`, FAULT_KILL_ORDER: ORDER });
  await cp.start();
  return { cp, knex: openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') }) };
}

/** @returns whether it was killed; else it had less to write than that */
async function killAtWrite<State>(
  at: KillSite,
  work: WriteKills<State>,
  state: State,
  write: number,
): Promise<boolean> {
  await work.arrange(at, state);
  writeFileSync(ORDER, JSON.stringify({ from: work.from, at: write }));
  if (!at.cp.runs) {
    await at.cp.start().catch(() => undefined);
  }
  await work.begin?.(at, state).catch(() => undefined);
  await eventually(async () => !at.cp.runs || (await work.done(at, state)), { withinMs: 30_000 });
  const wasKilled = existsSync(`${ORDER}.done`);
  for (const file of [ORDER, `${ORDER}.done`]) {
    rmSync(file, { force: true });
  }
  return wasKilled;
}

/** Kills a control plane at each write of some work, and looks each time what becomes of it. */
export async function runWriteKills<State>(work: WriteKills<State>): Promise<FaultRow> {
  const start = performance.now();
  const wrong: string[] = [];
  let kills = 0;
  try {
    site ??= await open();
    const at = site;
    const state = await work.prepare(at);
    for (let write = 0; write < MOST_WRITES; write++) {
      const wasKilled = await killAtWrite(at, work, state, write);
      await at.cp.end('SIGKILL');
      await at.cp.start();
      const problem = await work.check(at, state);
      if (problem !== null) {
        wrong.push(`write ${write}: ${problem}`);
      }
      if (!wasKilled) {
        break;
      }
      kills += 1;
    }
  } catch (error) {
    wrong.push(error instanceof Error ? error.message : String(error));
    await stopWriteKills();
  }
  return {
    fault: `kill -9 at each write: ${work.name}`,
    expected: work.expected,
    seen: inWords({ kills, wrong: wrong.length === 0 ? 'none' : wrong.join('; ') }),
    ok: wrong.length === 0 && kills > 0,
    seconds: Math.round((performance.now() - start) / 1000),
  };
}

export async function stopWriteKills(): Promise<void> {
  await site?.knex.destroy();
  await site?.cp.stop();
  site = null;
}

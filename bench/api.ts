import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { openDatabase } from '../control-plane/src/db/connection.ts';
import { newId } from '../control-plane/src/ids.ts';
import { buildApplication, buildInstance, buildMember } from '../test/support/builders.ts';
import { ADMIN_PASSWORD } from '../test/support/control-plane.ts';
import { ControlPlaneProcess } from '../test/support/control-plane-process.ts';
import type { BenchOptions } from './options.ts';
import { measuredRow, type Row, summarise } from './rows.ts';
import { load } from './support/load.ts';

/** Of FlowFuse 2.4.0 on a machine like the ones the goals were set on; for orientation, not from this run. */
const PEER = { user: 1213, instance: 222 };
const CONNECTIONS = 10;
const BATCH = 400;

/** Puts many devices straight into the database, since registering them one by one is not what is measured. */
async function addDevices(
  dataDir: string,
  teamId: string,
  applicationId: string,
  count: number,
): Promise<void> {
  const knex = openDatabase({ file: join(dataDir, 'flowyard.sqlite') });
  const createdAt = new Date().toISOString();
  await knex.transaction(async (trx) => {
    for (let start = 0; start < count; start += BATCH) {
      const rows = Array.from({ length: Math.min(BATCH, count - start) }, (_value, index) => ({
        id: newId(),
        team_id: teamId,
        application_id: applicationId,
        name: `gateway ${String(start + index).padStart(6, '0')}`,
        type: 'gateway',
        token_hash: randomBytes(16).toString('hex'),
        credential_secret: '',
        desired: 'running',
        state: 'idle',
        since: createdAt,
        created_at: createdAt,
      }));
      await trx('devices').insert(rows);
    }
    await trx('teams').where({ id: teamId }).increment('device_count', count);
  });
  await knex.destroy();
}

interface Rates {
  [path: string]: number[];
}

/** Rates of some paths, measured in turn. */
async function ratesOf(
  cp: ControlPlaneProcess,
  paths: string[],
  { rounds, durationMs }: { rounds: number; durationMs: number },
): Promise<Rates> {
  const rates: Rates = Object.fromEntries(paths.map((path) => [path, []]));
  for (let round = 0; round < rounds; round++) {
    for (const path of paths) {
      const headers = { cookie: cp.admin.cookie ?? '' };
      const result = await load({
        url: local(cp),
        path: `/api/v1${path}`,
        headers,
        connections: CONNECTIONS,
        durationMs,
      });
      if (result.failures > 0) {
        throw new Error(`${result.failures} requests of ${path} failed.`);
      }
      rates[path]?.push(result.perSecond);
    }
  }
  return rates;
}

function local(cp: ControlPlaneProcess): string {
  return cp.url.replace('localhost', '127.0.0.1');
}

async function benchReads({ quick, say }: BenchOptions): Promise<Row[]> {
  const effort = quick ? { rounds: 2, durationMs: 1000 } : { rounds: 5, durationMs: 3000 };
  const cp = new ControlPlaneProcess();
  await cp.start();
  const rows: Row[] = [];
  try {
    const { teamId, applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId);
    const list = `/teams/${teamId}/devices?limit=50`;
    const at: Record<number, number> = {};
    let known = 0;
    for (const devices of [5000, 100_000]) {
      say(`A1–A3 with ${devices} devices`);
      await cp.end('SIGTERM');
      await addDevices(cp.dataDir, teamId, applicationId, devices - known);
      known = devices;
      await cp.start();
      const rates = await ratesOf(cp, ['/user', `/instances/${instance.id}`, list], effort);
      const user = summarise(rates['/user'] ?? []).median;
      at[devices] = summarise(rates[list] ?? []).median;
      if (devices === 5000) {
        rows.push(
          measuredRow({ row: 'A1', what: 'GET /user', variant: 'ours', unit: '/s' }, rates['/user'] ?? [], {
            against: PEER.user,
            ratio: 3,
            atLeast: true,
            text: '≥ 3 × peer (recorded)',
          }),
          measuredRow(
            { row: 'A2', what: 'GET /instances/:id', variant: 'ours', unit: '/s' },
            rates[`/instances/${instance.id}`] ?? [],
            {
              against: PEER.instance,
              ratio: 8,
              atLeast: true,
              text: '≥ 8 × peer (recorded)',
            },
          ),
        );
      }
      rows.push(
        measuredRow(
          { row: 'A3', what: `list 50 of ${devices} devices`, variant: 'ours', unit: '/s' },
          rates[list] ?? [],
          {
            against: user,
            ratio: 0.4,
            atLeast: true,
            text: '≥ 0.4 × GET /user',
          },
        ),
      );
    }
    rows.push(
      measuredRow(
        { row: 'A3', what: 'list 50, 100,000 against 5,000', variant: 'ours', unit: '/s' },
        [at[100_000] ?? 0],
        {
          against: at[5000] ?? 1,
          ratio: 0.8,
          atLeast: true,
          text: '≥ 0.8 × at 5,000',
        },
      ),
    );
  } finally {
    await cp.stop();
  }
  return rows;
}

/** How long others wait while ten people sign in all the time. */
async function benchSignIn({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 4;
  const durationMs = quick ? 1500 : 4000;
  const cp = new ControlPlaneProcess();
  await cp.start();
  const figures = { quiet: [] as number[], busy: [] as number[], rate: [] as number[] };
  try {
    const people = await Promise.all(Array.from({ length: CONNECTIONS }, () => buildMember(cp, null)));
    const readers = {
      url: local(cp),
      path: '/api/v1/user',
      headers: { cookie: cp.admin.cookie ?? '' },
      connections: 1,
      durationMs,
    };
    for (let round = 0; round < rounds; round++) {
      say(`A4: round ${round + 1} of ${rounds}`);
      figures.quiet.push(summarise((await load(readers)).latencies).p99);
      const signIns = Promise.all(
        people.map(({ username }) =>
          load({
            url: local(cp),
            path: '/api/v1/session',
            method: 'POST',
            headers: { 'content-type': 'application/json', 'x-requested-with': 'flowyard' },
            body: JSON.stringify({ username, password: ADMIN_PASSWORD }),
            connections: 1,
            durationMs,
          }),
        ),
      );
      figures.busy.push(summarise((await load(readers)).latencies).p99);
      figures.rate.push((await signIns).reduce((sum, { perSecond }) => sum + perSecond, 0));
    }
  } finally {
    await cp.stop();
  }
  const what = "others' p99 while 10 people sign in";
  const quiet = measuredRow({ row: 'A4', what, variant: 'quiet', unit: 'ms' }, figures.quiet);
  const goal = { against: quiet.median, ratio: 2, text: '≤ 2 × quiet' };
  return [
    quiet,
    measuredRow({ row: 'A4', what, variant: 'busy', unit: 'ms' }, figures.busy, goal),
    measuredRow({ row: 'A4', what: 'sign-ins', variant: 'busy', unit: '/s' }, figures.rate),
  ];
}

/** How quickly the API answers. Queries per request (A5) are counted in the tests, since they do not depend on the clock. */
export async function runApi(options: BenchOptions): Promise<Row[]> {
  return [...(await benchReads(options)), ...(await benchSignIn(options))];
}

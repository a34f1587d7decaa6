import { join } from 'node:path';
import type { DeploymentView } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { type Fate, RolloutFleet } from '../../support/rollout-fleet.ts';
import type { FaultRow } from '../device/run-fault.ts';
import { inWords } from './words.ts';

const DEVICES = 6;
const CANARY = { waves: [{ count: 1 }, 'rest' as const] };
const RESUMED_WITHIN_S = 10;
const HOUR_MS = 3_600_000;

/** What a control plane is killed in, and what should be true in the end. */
interface KillPoint {
  name: string;
  fates?: Partial<Record<number, Fate>>;
  /** Brings a deployment into the state in which the control plane is killed. */
  reach: (site: Site) => Promise<DeploymentView>;
  /** What happens when it is back; left out: nothing. */
  after?: (site: Site, id: string) => Promise<unknown>;
  expected: {
    state: DeploymentView['state'];
    /** How many devices were ever told to run the new snapshot. */
    told: number;
    /** How many run it in the end. */
    run: number;
    /** False where nothing is to be carried on. */
    resumes?: false;
  };
}

interface Site {
  cp: ControlPlaneProcess;
  fleet: RolloutFleet;
  knex: Knex;
}

const act = ({ cp }: Site, id: string, action: 'pause' | 'abort' | 'rollback') =>
  cp.admin.call('controlDeployment', { params: { id }, body: { action } });

async function reach(site: Site, push: DeploymentView, fits: (view: DeploymentView) => boolean) {
  return eventually(async () => {
    const view = await site.fleet.view(push.id);
    return fits(view) && view;
  });
}

function setFates({ fleet }: Site, fate: Fate): void {
  for (const device of fleet.devices) {
    device.fate = fate;
  }
}

/** A push of which the first wave is through, and is watched for a long time. */
async function afterCanary(site: Site): Promise<DeploymentView> {
  const push = await site.fleet.push({ ...CANARY, healthSeconds: 600 });
  return reach(site, push, ({ waves }) => waves[0]?.state === 'checking');
}

async function halted(site: Site, onHalt: 'stay' | 'return'): Promise<DeploymentView> {
  return site.fleet.push({ waves: [{ count: 3 }], failureBudget: { count: 0 }, onHalt });
}

export const KILL_POINTS: KillPoint[] = [
  {
    name: 'planned: it waits for an approval',
    reach: async (site) => {
      const push = await site.fleet.push({ startAt: new Date(Date.now() + HOUR_MS).toISOString() });
      await site.knex('deployments').where({ id: push.id }).update({ state: 'planned' });
      return push;
    },
    expected: { state: 'planned', told: 0, run: 0, resumes: false },
  },
  {
    name: 'waiting: its start comes while nobody is there',
    reach: (site) => site.fleet.push({ startAt: new Date(Date.now() + 1500).toISOString() }),
    expected: { state: 'succeeded', told: DEVICES, run: DEVICES },
  },
  {
    name: 'running: the first wave is being updated',
    fates: { 0: 'slow' },
    reach: async (site) => {
      const push = await site.fleet.push(CANARY);
      return reach(site, push, ({ counts }) => counts.updating === 1);
    },
    after: async (site) => setFates(site, 'works'),
    expected: { state: 'succeeded', told: DEVICES, run: DEVICES },
  },
  {
    name: 'running: the last wave is being updated, one fails',
    fates: { 1: 'slow', 2: 'slow', 3: 'fails' },
    reach: async (site) => {
      const push = await site.fleet.push({ ...CANARY, failureBudget: { count: 1 } });
      return reach(site, push, ({ counts }) => counts.updating === 2);
    },
    after: async ({ fleet }) => {
      for (const device of fleet.devices.filter(({ fate }) => fate === 'slow')) {
        device.fate = 'works';
      }
    },
    expected: { state: 'succeeded', told: DEVICES, run: DEVICES - 1 },
  },
  {
    name: 'running: in the health time between two waves',
    reach: async (site) => {
      const push = await site.fleet.push({ ...CANARY, healthSeconds: 4 });
      return reach(site, push, ({ waves }) => waves[0]?.state === 'checking');
    },
    expected: { state: 'succeeded', told: DEVICES, run: DEVICES },
  },
  {
    name: 'paused',
    reach: async (site) => {
      const push = await afterCanary(site);
      await act(site, push.id, 'pause');
      return push;
    },
    expected: { state: 'paused', told: 1, run: 1 },
  },
  {
    name: 'halted: one of three has failed',
    fates: { 1: 'fails' },
    reach: async (site) => {
      const push = await halted(site, 'stay');
      return reach(site, push, ({ state }) => state === 'halted');
    },
    expected: { state: 'halted', told: 3, run: 2 },
  },
  {
    name: 'returning: it halted, and all go back by themselves',
    fates: { 1: 'slow' },
    reach: async (site) => {
      const push = await halted(site, 'return');
      await reach(site, push, ({ counts }) => counts.succeeded === 2);
      // Those that took it do not go back before the kill.
      setFates(site, 'slow');
      const [, failing] = site.fleet.devices;
      if (failing !== undefined) {
        failing.fate = 'fails';
      }
      await reach(site, push, ({ returning }) => returning);
      return push;
    },
    after: async (site) => setFates(site, 'works'),
    expected: { state: 'rolled-back', told: 3, run: 0 },
  },
  {
    name: 'rolling back: a person took it back',
    reach: async (site) => {
      const push = await afterCanary(site);
      setFates(site, 'slow');
      return act(site, push.id, 'rollback');
    },
    after: async (site) => setFates(site, 'works'),
    expected: { state: 'rolled-back', told: 1, run: 0 },
  },
  {
    name: 'aborted: just now',
    reach: async (site) => act(site, (await afterCanary(site)).id, 'abort'),
    expected: { state: 'aborted', told: 1, run: 1, resumes: false },
  },
];

let site: Site | null = null;

async function open(): Promise<Site> {
  const cp = new ControlPlaneProcess();
  await cp.start();
  const fleet = await RolloutFleet.build(cp, Array<Fate>(DEVICES).fill('works'));
  const knex = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
  return { cp, fleet, knex };
}

/** All run the old snapshot again, and nothing is under way. */
async function reset({ cp, fleet, knex }: Site, fates: KillPoint['fates']): Promise<void> {
  for (const device of fleet.devices) {
    device.fate = 'works';
  }
  await knex('deployments').where({ state: 'planned' }).update({ state: 'paused' });
  const { items } = await cp.admin.call('listDeployments', { params: { id: fleet.pipelineId }, query: {} });
  for (const { id } of items.filter(({ finishedAt }) => finishedAt === null)) {
    await cp.admin.call('controlDeployment', { params: { id }, body: { action: 'abort' } });
  }
  const [snapshotId = ''] = fleet.snapshots;
  await cp.admin.call('setDeviceGroupTarget', { params: { id: fleet.groupId }, body: { snapshotId } });
  await eventually(async () => (await fleet.running(0)).length === DEVICES);
  for (const [index, device] of fleet.devices.entries()) {
    device.told = [snapshotId];
    device.fate = fates?.[index] ?? 'works';
  }
}

const leaseOf = async ({ knex }: Site, id: string) =>
  (await knex('deployments').where({ id }).first('lease_owner'))?.lease_owner ?? null;

/** Kills the control plane, and gives the seconds until somebody carries the deployment on. */
async function killAndReturn(at: Site, id: string, resumes: boolean): Promise<number> {
  const before = await leaseOf(at, id);
  await at.cp.end('SIGKILL');
  const killed = performance.now();
  await at.cp.start();
  await at.fleet.reconnect();
  if (resumes) {
    await eventually(async () => (await leaseOf(at, id)) !== before, { withinMs: 20_000, everyMs: 50 });
  }
  return (performance.now() - killed) / 1000;
}

/** Kills a control plane in one state of a run, and looks what becomes of it. */
export async function runKillPoint(point: KillPoint): Promise<FaultRow> {
  const { state, told, run, resumes = true } = point.expected;
  const wanted = { state, told, run, twice: 0 };
  const start = performance.now();
  let seen: Record<string, unknown> = {};
  let ok = false;
  try {
    site ??= await open();
    const at = site;
    await reset(at, point.fates);
    const { id } = await point.reach(at);
    const seconds = await killAndReturn(at, id, resumes);
    await point.after?.(at, id);
    const look = async () => {
      const heard = at.fleet.devices.map(
        (device) => device.told.filter((it) => it === at.fleet.snapshots[1]).length,
      );
      seen = {
        state: (await at.fleet.view(id)).state,
        told: heard.filter((times) => times > 0).length,
        run: (await at.fleet.running(1)).length,
        twice: heard.filter((times) => times > 1).length,
      };
      return inWords(seen) === inWords(wanted);
    };
    ok = await eventually(look, { withinMs: 20_000, everyMs: 100 }).catch(() => false);
    // What stays as it is must stay so.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    ok = ok && (await look()) && seconds <= RESUMED_WITHIN_S;
    seen.resumed = resumes ? `after ${seconds.toFixed(1)} s` : 'not needed';
  } catch (error) {
    seen.error = error instanceof Error ? error.message : String(error);
    ok = false;
  }
  return {
    fault: `kill -9, ${point.name}`,
    expected: `${inWords(wanted)}, resumed within ${RESUMED_WITHIN_S} s`,
    seen: inWords(seen),
    ok,
    seconds: Math.round((performance.now() - start) / 1000),
  };
}

export async function stopKillPoints(): Promise<void> {
  site?.fleet.stop();
  await site?.knex.destroy();
  await site?.cp.stop();
  site = null;
}

import type { FlowNode } from '@flowyard/protocol';
import { runCommand } from '../../../integration/device-agent/support/agent-process.ts';
import { answeringFlows } from '../../../integration/device-agent/support/flows.ts';
import { RealDevice } from '../../../integration/device-agent/support/real-device.ts';
import { ControlPlaneProcess } from '../../../support/control-plane-process.ts';
import { eventually } from '../../../support/eventually.ts';
import { freshPostgres } from '../../../support/postgres.ts';
import type { Fault } from '../fault.ts';
import type { Site } from '../site.ts';

const WITHIN = { withinMs: 60_000 };

async function answers({ device }: RealDevice, text: string): Promise<void> {
  await eventually(async () => (await device.get('/hello')) === text, WITHIN);
}

async function deploy(real: RealDevice, text: string): Promise<void> {
  await real.setTarget(await real.snapshot(answeringFlows(text) as FlowNode[]));
}

/** Does something to a device of a real control plane whose flows answer "one". */
async function withReal(
  { device }: Site,
  act: (real: RealDevice) => Promise<Record<string, unknown>>,
  plane = new ControlPlaneProcess(),
): Promise<Record<string, unknown>> {
  const real = await RealDevice.create(device.store, plane);
  try {
    real.device.start();
    await deploy(real, 'one');
    await answers(real, 'one');
    return await act(real);
  } finally {
    await real.stop();
  }
}

/** The agent finds the other replica at the address of the one that is gone. */
async function replaceReplica(real: RealDevice): Promise<Record<string, unknown>> {
  await real.plane.end('SIGKILL');
  const meanwhile = await real.device.get('/hello');
  real.plane = real.plane.successor();
  await real.plane.start();
  return { 'flows meanwhile': meanwhile, ...(await updateTo(real, 'two')) };
}

async function updateTo(real: RealDevice, text: string): Promise<Record<string, unknown>> {
  await deploy(real, text);
  await answers(real, text);
  const { status } = await eventually(async () => {
    const view = await real.view();
    return view.status === 'running' && view;
  }, WITHIN);
  return { 'flows after': await real.device.get('/hello'), 'status on the page': status };
}

export const PLATFORM_FAULTS: Fault[] = [
  {
    name: 'control plane killed and started again, and then an update',
    expected: { 'flows meanwhile': 'one', 'flows after': 'two', 'status on the page': 'running' },
    run: (site) =>
      withReal(site, async (real) => {
        await real.plane.end('SIGKILL');
        const meanwhile = await real.device.get('/hello');
        await real.plane.start();
        return { 'flows meanwhile': meanwhile, ...(await updateTo(real, 'two')) };
      }),
  },
  {
    name: 'control plane killed, another replica on the same database in its place, and then an update',
    expected: { 'flows meanwhile': 'one', 'flows after': 'two', 'status on the page': 'running' },
    async run(site) {
      const database = await freshPostgres();
      const plane = new ControlPlaneProcess({
        FLOWYARD_DATABASE_URL: database.url,
        FLOWYARD_SECRET_KEY: 'the same key for all replicas of one platform',
      });
      try {
        return await withReal(site, replaceReplica, plane);
      } finally {
        await plane.stop();
        await database.drop();
      }
    },
  },
  {
    name: 'device deleted on the platform while it is offline',
    expected: { 'flows after': 'one', link: 'refused' },
    run: (site) =>
      withReal(site, async (real) => {
        await real.device.end('SIGTERM');
        await real.plane.admin.call('deleteDevice', { params: { id: real.deviceId } });
        real.device.start();
        await answers(real, 'one');
        const link = await eventually(async () => {
          const { stdout } = await runCommand('status', '--dir', real.device.folder, '--json');
          const { state } = (JSON.parse(stdout) as { link: { state: string } }).link;
          return state === 'refused' && state;
        }, WITHIN);
        return { 'flows after': await real.device.get('/hello'), link };
      }),
  },
];

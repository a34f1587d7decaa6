import type { FlowNode } from '@flowyard/protocol';
import { runCommand } from '../../../integration/device-agent/support/agent-process.ts';
import { answeringFlows } from '../../../integration/device-agent/support/flows.ts';
import { RealDevice } from '../../../integration/device-agent/support/real-device.ts';
import { eventually } from '../../../support/eventually.ts';
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
): Promise<Record<string, unknown>> {
  const real = await RealDevice.create(device.store);
  try {
    real.device.start();
    await deploy(real, 'one');
    await answers(real, 'one');
    return await act(real);
  } finally {
    await real.stop();
  }
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
        await deploy(real, 'two');
        await answers(real, 'two');
        const { status } = await eventually(async () => {
          const view = await real.view();
          return view.status === 'running' && view;
        }, WITHIN);
        const after = await real.device.get('/hello');
        return { 'flows meanwhile': meanwhile, 'flows after': after, 'status on the page': status };
      }),
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

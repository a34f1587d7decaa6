import assert from 'node:assert/strict';
import { sharedDeviceStore } from '../../../support/device-store.ts';
import { eventually } from '../../../support/eventually.ts';
import { runCommand, TestDevice } from './agent-process.ts';
import { FakeControlPlane, PROVISIONING_TOKEN } from './fake-control-plane.ts';
import { answeringFlows } from './flows.ts';

export const MINUTE = 60_000;

/** A device that has joined a control plane of its own, anew for each test. */
export class RegisteredDevice {
  readonly plane: FakeControlPlane;
  readonly device: TestDevice;

  private constructor(plane: FakeControlPlane, device: TestDevice) {
    this.plane = plane;
    this.device = device;
  }

  /** `prepare` may do something to the folder before the device is registered in it. */
  static async create(prepare: (folder: string) => void = () => {}): Promise<RegisteredDevice> {
    const plane = await new FakeControlPlane().start();
    const device = await TestDevice.create(sharedDeviceStore());
    prepare(device.folder);
    const { code, stderr } = await runCommand(
      'register',
      ...['--url', plane.url, '--token', PROVISIONING_TOKEN, '--name', 'Filler 3', '--dir', device.folder],
    );
    assert.equal(code, 0, stderr);
    return new RegisteredDevice(plane, device);
  }

  readonly runs = (snapshotId: string): boolean =>
    this.plane.last?.state === 'running' && this.plane.last.snapshotId === snapshotId;

  /** Resolves when its agent has said hello. */
  async connected(): Promise<void> {
    await eventually(() => this.plane.hellos > 0, { withinMs: MINUTE });
  }

  /** Has it run a snapshot that answers with a text. */
  async run(
    snapshotId: string,
    text: string,
    modules: Record<string, string> = {},
    lock: string | null = null,
  ): Promise<void> {
    const flows = answeringFlows(text);
    this.plane.setTarget({
      snapshot: this.plane.snapshot(snapshotId, { flows, manifest: { modules, lock } }),
    });
    await eventually(() => this.runs(snapshotId), { withinMs: 2 * MINUTE });
    assert.equal(await this.device.get('/hello'), text);
  }

  /** Starts the agent and has it run the first snapshot, which answers "one". */
  async startWithOne(): Promise<void> {
    this.device.start();
    await this.run('snap001', 'one');
  }

  /** What the agent wrote and said last, to understand a test that failed. */
  print(): void {
    const last = this.plane.states
      .slice(-5)
      .map((state) => ({ ...state, reason: state.reason?.slice(0, 400) }));
    process.stderr.write(`${this.device.output}\n${JSON.stringify(last, null, 1)}\n`);
  }

  async dispose(): Promise<void> {
    await this.device.dispose();
    await this.plane.stop();
    assert.deepEqual(this.plane.violations, []);
  }
}

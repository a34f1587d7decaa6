import type { FlowNode } from '@flowyard/protocol';
import { buildApplication, buildInstance } from '../../../support/builders.ts';
import { ControlPlaneProcess } from '../../../support/control-plane-process.ts';
import { runCommand, TestDevice } from './agent-process.ts';

/** A control plane in a process of its own, and a device that has joined it. */
export class RealDevice {
  plane: ControlPlaneProcess;
  readonly device: TestDevice;
  readonly deviceId: string;
  readonly #applicationId: string;

  private constructor(
    plane: ControlPlaneProcess,
    device: TestDevice,
    deviceId: string,
    applicationId: string,
  ) {
    this.plane = plane;
    this.device = device;
    this.deviceId = deviceId;
    this.#applicationId = applicationId;
  }

  /** Its agent is not started yet. */
  static async create(store: string, plane = new ControlPlaneProcess()): Promise<RealDevice> {
    await plane.start();
    const device = await TestDevice.create(store);
    try {
      const { teamId, applicationId } = await buildApplication(plane);
      const { token } = await plane.admin.call('createProvisioningToken', {
        params: { id: teamId },
        body: { name: 'for a device', applicationId, uses: 1 },
      });
      const { stdout, stderr } = await runCommand(
        'register',
        ...['--url', plane.url, '--token', token, '--name', 'Filler 3', '--dir', device.folder],
      );
      const deviceId = /device (\w+)\./.exec(stdout)?.[1];
      if (deviceId === undefined) {
        throw new Error(stderr);
      }
      return new RealDevice(plane, device, deviceId, applicationId);
    } catch (error) {
      await device.dispose();
      await plane.stop();
      throw error;
    }
  }

  /** Where its Node-RED answers. */
  get url(): string {
    return `http://127.0.0.1:${this.device.port}`;
  }

  /** A snapshot of an instance that has these flows and was never started. */
  async snapshot(flows: FlowNode[]): Promise<string> {
    const { id } = await buildInstance(this.plane, this.#applicationId, { flows });
    const snapshot = await this.plane.admin.call('createInstanceSnapshot', {
      params: { id },
      body: { name: 'For a device' },
    });
    return snapshot.id;
  }

  async setTarget(snapshotId: string): Promise<void> {
    await this.plane.admin.call('setDeviceTarget', { params: { id: this.deviceId }, body: { snapshotId } });
  }

  view() {
    return this.plane.admin.call('getDevice', { params: { id: this.deviceId } });
  }

  async stop(): Promise<void> {
    await this.device.dispose();
    await this.plane.stop();
  }
}

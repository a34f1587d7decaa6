import assert from 'node:assert/strict';
import type { DeviceView, FlowNode } from '@flowyard/protocol';
import { writeDeviceFile } from '../../../../device-agent/src/device-file.ts';
import type { ApiClient } from '../../../support/api-client.ts';
import { buildApplication, buildInstance, uniqueName } from '../../../support/builders.ts';
import { ControlPlaneProcess } from '../../../support/control-plane-process.ts';
import { sharedDeviceStore } from '../../../support/device-store.ts';
import { openEditorOf } from '../../../support/editor-session.ts';
import { eventually } from '../../../support/eventually.ts';
import { TestDevice } from './agent-process.ts';

const TWO_MINUTES = 120_000;

/** A control plane and one device with a real agent, which belongs to an application of its own. */
export class DeveloperWorld {
  readonly plane = new ControlPlaneProcess();
  device!: TestDevice;
  teamId = '';
  applicationId = '';
  deviceId = '';

  async start(): Promise<void> {
    await this.plane.start();
    this.device = await TestDevice.create(sharedDeviceStore());
    ({ teamId: this.teamId, applicationId: this.applicationId } = await buildApplication(this.plane));
    const { credentials } = await this.admin.call('createDevice', {
      params: { id: this.teamId },
      body: { name: 'Filler 3', applicationId: this.applicationId },
    });
    this.deviceId = credentials.deviceId;
    const { url, deviceId: id, token, secret } = credentials;
    await writeDeviceFile(this.device.folder, { url, id, token, secret });
    this.device.start();
    await this.until(({ presence }) => presence === 'online');
  }

  async dispose(): Promise<void> {
    await this.device?.dispose();
    await this.plane.stop();
  }

  get admin(): ApiClient {
    return this.plane.admin;
  }

  view(): Promise<DeviceView> {
    return this.admin.call('getDevice', { params: { id: this.deviceId } });
  }

  until(fits: (view: DeviceView) => boolean): Promise<DeviceView> {
    return eventually(
      async () => {
        const view = await this.view();
        return fits(view) && view;
      },
      { withinMs: TWO_MINUTES },
    );
  }

  /** A snapshot of a hosted instance with these flows, as the target of the device. */
  async release(flows: FlowNode[]): Promise<string> {
    const instance = await buildInstance(this.plane, this.applicationId, { name: uniqueName('dev') });
    const { revision } = await this.admin.call('getFlows', { params: { id: instance.id } });
    await this.admin.call('putFlows', { params: { id: instance.id }, body: { revision, flows } });
    const { id } = await this.admin.call('createInstanceSnapshot', {
      params: { id: instance.id },
      body: { name: 'Release' },
    });
    await this.admin.call('setDeviceTarget', { params: { id: this.deviceId }, body: { snapshotId: id } });
    await this.until((view) => view.status === 'running' && view.runningSnapshot?.id === id);
    return id;
  }

  async develop(minutes: number | null = null): Promise<{ url: string }> {
    await this.admin.call('setDeviceMode', {
      params: { id: this.deviceId },
      body: { mode: 'developer', minutes },
    });
    const { developer } = await this.until(
      (view) => view.runningMode === 'developer' && view.status === 'running',
    );
    assert.ok(developer);
    return developer;
  }

  async fleet(): Promise<void> {
    await this.admin.call('setDeviceMode', { params: { id: this.deviceId }, body: { mode: 'fleet' } });
    await this.until((view) => view.runningMode === 'fleet' && view.status === 'running');
  }

  /** The cookie of somebody's editor on the device. */
  async openEditor(person: ApiClient = this.admin): Promise<string> {
    const { developer } = await this.view();
    assert.ok(developer);
    return openEditorOf(developer, person);
  }
}

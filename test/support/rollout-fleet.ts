import type { DeploymentView, DeviceTarget, RolloutPolicy } from '@flowyard/protocol';
import { AgentClient } from './agent-client.ts';
import { buildApplication, buildInstance, uniqueName } from './builders.ts';
import type { RunningControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';

/** What a device does when it is told to run something. */
export type Fate = 'works' | 'fails' | 'slow';

export interface FleetDevice {
  id: string;
  name: string;
  fate: Fate;
  agent: AgentClient;
  /** The snapshots that it was told to run, each time that it is another one. */
  told: Array<string | null>;
  runs: string | null;
}

const OBEY_EVERY_MS = 20;

/** A group of devices that run nothing, with agents that speak the protocol, and a pipeline that leads to it. */
export class RolloutFleet {
  readonly devices: FleetDevice[] = [];
  readonly snapshots: string[] = [];
  teamId = '';
  applicationId = '';
  instanceId = '';
  groupId = '';
  pipelineId = '';
  stageId = '';
  toStageId = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #done = new Map<string, string>();
  readonly #tokens = new Map<string, string>();
  readonly #cp: RunningControlPlane;

  private constructor(cp: RunningControlPlane) {
    this.#cp = cp;
  }

  /** Devices of which each does what is its fate; a group that has the first snapshot, and all run it. */
  static async build(
    cp: RunningControlPlane,
    fates: readonly Fate[],
    env: Record<string, string> = {},
  ): Promise<RolloutFleet> {
    const fleet = new RolloutFleet(cp);
    await fleet.#buildPlaces(env);
    for (const [index, fate] of fates.entries()) {
      await fleet.#addDevice(`gateway ${String(index + 1).padStart(2, '0')}`, fate);
    }
    await cp.admin.call('updateDeviceGroupMembers', {
      params: { id: fleet.groupId },
      body: { add: fleet.devices.map(({ id }) => id) },
    });
    await cp.admin.call('setDeviceGroupTarget', {
      params: { id: fleet.groupId },
      body: { snapshotId: fleet.snapshots[0] ?? '' },
    });
    fleet.#timer = setInterval(() => fleet.#obey(), OBEY_EVERY_MS);
    await eventually(() => fleet.devices.every(({ told }) => told.at(-1) === fleet.snapshots[0]));
    return fleet;
  }

  async #buildPlaces(env: Record<string, string>): Promise<void> {
    const { admin } = this.#cp;
    const { teamId, applicationId } = await buildApplication(this.#cp);
    this.teamId = teamId;
    this.applicationId = applicationId;
    this.instanceId = (await buildInstance(this.#cp, applicationId, { env })).id;
    for (const name of ['Old', 'New', 'Newer']) {
      const body = { name };
      const params = { id: this.instanceId };
      this.snapshots.push((await admin.call('createInstanceSnapshot', { params, body })).id);
    }
    const params = { id: applicationId };
    const group = await admin.call('createDeviceGroup', { params, body: { name: uniqueName('group') } });
    this.groupId = group.id;
    const pipeline = await admin.call('createPipeline', { params, body: { name: uniqueName('pipeline') } });
    this.pipelineId = pipeline.id;
    const at = { params: { id: pipeline.id } };
    await admin.call('createStage', { ...at, body: { name: 'Lab', instanceId: this.instanceId } });
    const { stages } = await admin.call('createStage', {
      ...at,
      body: { name: 'Fleet', deviceGroupId: group.id },
    });
    this.stageId = stages[0]?.id ?? '';
    this.toStageId = stages[1]?.id ?? '';
  }

  async #addDevice(name: string, fate: Fate): Promise<void> {
    const { id, credentials } = await this.#cp.admin.call('createDevice', {
      params: { id: this.teamId },
      body: { name, applicationId: this.applicationId },
    });
    this.#tokens.set(id, credentials.token);
    const agent = await AgentClient.connect(this.#cp.url, credentials.token);
    agent.hello();
    this.devices.push({ id, name, fate, agent, told: [], runs: null });
  }

  /** Connects all again, as agents do when the control plane was away. */
  async reconnect(): Promise<void> {
    for (const device of this.devices) {
      device.agent.close();
      device.agent = await AgentClient.connect(this.#cp.url, this.#tokens.get(device.id) ?? '');
      this.#done.delete(device.id);
      device.agent.hello({ current: { generation: 1, state: 'running', snapshotId: device.runs } });
    }
  }

  /** Each does what it was told last, once. */
  #obey(): void {
    for (const device of this.devices) {
      const command = device.agent.commands.findLast(({ type }) => type === 'target');
      if (command?.type === 'target') {
        this.#obeyOne(device, command.target);
      }
    }
  }

  #obeyOne(device: FleetDevice, target: DeviceTarget): void {
    const snapshotId = target.snapshot?.id ?? null;
    if (device.told.at(-1) !== snapshotId || device.told.length === 0) {
      device.told.push(snapshotId);
    }
    const key = `${target.generation} ${device.fate}`;
    if (this.#done.get(device.id) === key || device.fate === 'slow') {
      return;
    }
    this.#done.set(device.id, key);
    const { generation } = target;
    const old = this.snapshots[0] ?? null;
    device.runs = device.fate === 'fails' ? old : snapshotId;
    if (device.fate === 'fails' && snapshotId !== old) {
      const reason = 'no such module';
      device.agent.state({
        generation,
        state: 'running',
        snapshotId: old,
        failedSnapshotId: snapshotId,
        reason,
      });
    } else {
      device.agent.state({ generation, state: 'running', snapshotId });
    }
  }

  token(deviceId: string): string {
    return this.#tokens.get(deviceId) ?? '';
  }

  async push(
    policy: Partial<RolloutPolicy> & { startAt?: string } = {},
    snapshot = 1,
  ): Promise<DeploymentView> {
    const { deployment } = await this.#cp.admin.call('deployStage', {
      params: { id: this.stageId },
      body: { snapshotId: this.snapshots[snapshot] ?? '', ...policy },
    });
    return deployment;
  }

  view(id: string): Promise<DeploymentView> {
    return this.#cp.admin.call('getDeployment', { params: { id } });
  }

  /** The deployment, once it is in one of these states. */
  until(id: string, ...states: Array<DeploymentView['state']>): Promise<DeploymentView> {
    return eventually(
      async () => {
        const view = await this.view(id);
        return states.includes(view.state) && view;
      },
      { withinMs: 20_000 },
    );
  }

  /** Which devices run a snapshot, by what the platform knows. */
  async running(snapshot: number): Promise<string[]> {
    const names: string[] = [];
    for (const { id, name } of this.devices) {
      const view = await this.#cp.admin.call('getDevice', { params: { id } });
      if (view.runningSnapshot?.id === this.snapshots[snapshot]) {
        names.push(name);
      }
    }
    return names;
  }

  /** The target snapshot of the group, as an index of the snapshots. */
  async groupTarget(): Promise<number> {
    const group = await this.#cp.admin.call('getDeviceGroup', { params: { id: this.groupId } });
    return this.snapshots.indexOf(group.targetSnapshot?.id ?? '');
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const { agent } of this.devices) {
      agent.close();
    }
  }
}

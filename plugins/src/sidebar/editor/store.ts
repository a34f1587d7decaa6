import type {
  DeploymentView,
  DeviceView,
  InstanceView,
  PipelineView,
  SnapshotView,
} from '@flowyard/protocol';
import { api, type Seat } from './api';

/** One change that was told; without a value it is to be read. */
export interface Change {
  seat: string;
  kind: 'instance' | 'snapshot' | 'pipeline' | 'deployment' | 'device' | string;
  id: string;
  /** Null when it is gone. */
  value?: unknown;
}

/** What panes need, and when they have it. */
export type Part = 'snapshots' | 'pipelines' | 'devices';

const READ_AFTER_MS = 1000;
const PARTS: Record<string, Part> = {
  snapshot: 'snapshots',
  instance: 'snapshots',
  pipeline: 'pipelines',
  deployment: 'pipelines',
  device: 'devices',
};

/** What the sidebar knows. Each part is read when a pane first needs it and then follows the changes. */
export class Store {
  seat: Seat | null = null;
  /** The instance or device whose editor this is. */
  place: InstanceView | DeviceView | null = null;
  snapshots: SnapshotView[] = [];
  nextSnapshots: string | null = null;
  /** The snapshots are those that match this; empty for all. */
  snapshotSearch = '';
  pipelines: PipelineView[] = [];
  readonly devices = new Map<string, DeviceView>();
  /** When the person of this editor last changed what is deployed, which is no news to them. */
  ownChangeAt = Number.NEGATIVE_INFINITY;
  /** Whether changes arrive by themselves now. */
  isLive = true;
  /** Parts that a pane asked for. */
  readonly #asked = new Set<Part>();
  /** Which reading of each part is shown: of two at once the older one may be answered last. */
  readonly #shown = new Map<Part, number>();
  #readings = 0;
  readonly #reading = new Set<Part>();
  readonly #listeners = new Set<() => void>();
  readonly #forgetters = new Set<() => void>();

  /** Calls back after each change. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Calls back when all that was read is not of this person any more. */
  onForget(forgetter: () => void): void {
    this.#forgetters.add(forgetter);
  }

  /** Somebody signed in or out, or chose something else to work with. */
  forget(): void {
    this.seat = null;
    this.place = null;
    this.snapshots = [];
    this.nextSnapshots = null;
    this.pipelines = [];
    this.devices.clear();
    this.#asked.clear();
    this.isLive = true;
    for (const forgetter of this.#forgetters) {
      forgetter();
    }
  }

  /** Reads a part, afresh when it is known already. */
  async load(part: Part): Promise<void> {
    this.#asked.add(part);
    this.#readings += 1;
    const mine = this.#readings;
    this.seat = await api.readSeat();
    this.place = await api.readPlace(this.seat.place);
    const show = await this.#read(part, this.seat, this.place.application?.id ?? null);
    if (mine > (this.#shown.get(part) ?? 0)) {
      this.#shown.set(part, mine);
      show();
    }
    this.#tell();
  }

  async loadMoreSnapshots(): Promise<void> {
    if (this.seat === null) {
      return;
    }
    const { items, nextCursor } = await api.listSnapshots(
      this.seat.place,
      this.nextSnapshots,
      this.snapshotSearch,
    );
    const known = new Set(this.snapshots.map(({ id }) => id));
    this.snapshots.push(...items.filter(({ id }) => !known.has(id)));
    this.nextSnapshots = nextCursor ?? null;
    this.#tell();
  }

  /** Keeps to the snapshots that match. */
  async searchSnapshots(text: string): Promise<void> {
    if (this.snapshotSearch !== text) {
      this.snapshotSearch = text;
      await this.load('snapshots');
    }
  }

  /** Reads afresh what this editor belongs to. */
  async readPlace(): Promise<void> {
    this.seat ??= await api.readSeat();
    this.place = await api.readPlace(this.seat.place);
    this.#tell();
  }

  setLive({ seat, connected: isLive }: { seat: string; connected: boolean }): void {
    if (seat !== this.seat?.id) {
      return;
    }
    this.isLive = isLive;
    this.#tell();
    if (isLive) {
      // What changed between the reading and this moment was not told.
      for (const part of this.#asked) {
        this.load(part).catch(() => {});
      }
    }
  }

  apply(change: Change): void {
    if (change.seat !== this.seat?.id) {
      return;
    }
    if (change.value === undefined) {
      this.#readSoon(change.kind);
      return;
    }
    if (change.id === this.seat.place.id && change.value !== null) {
      this.place = change.value as InstanceView | DeviceView;
    }
    switch (change.kind) {
      case 'snapshot':
        this.#applySnapshot(change);
        break;
      case 'pipeline':
        this.#applyPipeline(change);
        break;
      case 'deployment':
        this.#applyDeployment(change.value as DeploymentView | null);
        break;
      case 'device':
        this.#applyDevice(change);
        break;
    }
    this.#tell();
  }

  /** What was told without its value is read in the name of this person, once for many. */
  #readSoon(kind: string): void {
    const part = PARTS[kind];
    if (part === undefined || !this.#asked.has(part) || this.#reading.has(part)) {
      return;
    }
    this.#reading.add(part);
    setTimeout(() => {
      this.#reading.delete(part);
      this.load(part).catch(() => {});
    }, READ_AFTER_MS);
  }

  /** @returns what shows the answer */
  async #read(part: Part, seat: Seat, applicationId: string | null): Promise<() => void> {
    switch (part) {
      case 'snapshots': {
        const { items, nextCursor } = await api.listSnapshots(seat.place, null, this.snapshotSearch);
        return () => {
          this.snapshots = items;
          this.nextSnapshots = nextCursor ?? null;
        };
      }
      case 'pipelines': {
        const { items } = applicationId === null ? { items: [] } : await api.listPipelines(applicationId);
        return () => {
          this.pipelines = items.filter((pipeline) => this.#isOurs(pipeline));
        };
      }
      case 'devices': {
        const devices = applicationId === null ? [] : await allDevices(applicationId);
        return () => {
          this.devices.clear();
          for (const device of devices) {
            this.devices.set(device.id, device);
          }
        };
      }
    }
  }

  #applySnapshot({ id, value }: Change): void {
    const snapshot = value as SnapshotView | null;
    const others = this.snapshots.filter((known) => known.id !== id);
    if (snapshot === null) {
      this.snapshots = others;
    } else if (snapshot.owner.id === this.seat?.place.id && this.#isSearched(snapshot)) {
      this.snapshots = [snapshot, ...others].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    }
  }

  #isSearched({ name, description }: SnapshotView): boolean {
    return `${name}\n${description}`.toLowerCase().includes(this.snapshotSearch.toLowerCase());
  }

  /** Whether what this editor belongs to is a stage of it, or the group of a device is. */
  #isOurs({ stages }: PipelineView): boolean {
    const group = this.place !== null && 'deviceGroup' in this.place ? this.place.deviceGroup?.id : undefined;
    const ids = [this.seat?.place.id, group];
    return stages.some(({ target }) => ids.includes(target.id));
  }

  #applyPipeline({ id, value }: Change): void {
    const pipeline = value as PipelineView | null;
    const index = this.pipelines.findIndex((known) => known.id === id);
    if (pipeline === null || !this.#isOurs(pipeline)) {
      this.pipelines = this.pipelines.filter((known) => known.id !== id);
    } else if (index < 0) {
      this.pipelines.push(pipeline);
    } else {
      this.pipelines[index] = pipeline;
    }
  }

  #applyDeployment(deployment: DeploymentView | null): void {
    const pipeline = this.pipelines.find(({ id }) => id === deployment?.pipelineId);
    const last = pipeline?.lastDeployment;
    if (
      deployment !== null &&
      pipeline &&
      (!last || last.id === deployment.id || last.createdAt <= deployment.createdAt)
    ) {
      pipeline.lastDeployment = deployment;
    }
  }

  #applyDevice({ id, value }: Change): void {
    if (value === null) {
      this.devices.delete(id);
    } else {
      this.devices.set(id, value as DeviceView);
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

async function allDevices(applicationId: string): Promise<DeviceView[]> {
  const devices: DeviceView[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof api.listDevices>> = await api.listDevices(applicationId, cursor);
    devices.push(...page.items);
    cursor = page.nextCursor ?? null;
  } while (cursor !== null);
  return devices;
}

import type {
  DeploymentView,
  DeviceView,
  InstanceView,
  PipelineView,
  SnapshotView,
} from '@flowyard/protocol';
import { api } from './api';

interface Change {
  kind: 'instance' | 'snapshot' | 'pipeline' | 'deployment' | 'device' | string;
  id: string;
  /** Null when it is gone. */
  value: unknown;
}

/** What panes need, and when they have it. */
export type Part = 'snapshots' | 'pipelines' | 'devices';

/** What the sidebar knows. Each part is read when a pane first needs it and then follows the changes. */
export class Store {
  instance: InstanceView | null = null;
  snapshots: SnapshotView[] = [];
  nextSnapshots: string | null = null;
  pipelines: PipelineView[] = [];
  readonly devices = new Map<string, DeviceView>();
  /** Whether changes arrive by themselves now. */
  isLive = true;
  readonly #loaded = new Set<Part>();
  readonly #listeners = new Set<() => void>();

  /** Calls back after each change. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Reads a part, afresh when it is known already. */
  async load(part: Part): Promise<void> {
    this.instance = await api.readInstance();
    await this.#read(part);
    this.#loaded.add(part);
    this.#tell();
  }

  async loadMoreSnapshots(): Promise<void> {
    const { items, nextCursor } = await api.listSnapshots(this.nextSnapshots);
    const known = new Set(this.snapshots.map(({ id }) => id));
    this.snapshots.push(...items.filter(({ id }) => !known.has(id)));
    this.nextSnapshots = nextCursor ?? null;
    this.#tell();
  }

  setLive(isLive: boolean): void {
    const wasAway = !this.isLive && isLive;
    this.isLive = isLive;
    this.#tell();
    if (wasAway) {
      // What changed meanwhile was not told.
      for (const part of this.#loaded) {
        this.load(part).catch(() => {});
      }
    }
  }

  apply(change: Change): void {
    switch (change.kind) {
      case 'instance':
        this.#applyInstance(change);
        break;
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

  async #read(part: Part): Promise<void> {
    switch (part) {
      case 'snapshots': {
        const { items, nextCursor } = await api.listSnapshots(null);
        this.snapshots = items;
        this.nextSnapshots = nextCursor ?? null;
        return;
      }
      case 'pipelines':
        this.pipelines = (await api.listPipelines()).items;
        return;
      case 'devices': {
        this.devices.clear();
        let cursor: string | null = null;
        do {
          const page: Awaited<ReturnType<typeof api.listDevices>> = await api.listDevices(cursor);
          for (const device of page.items) {
            this.devices.set(device.id, device);
          }
          cursor = page.nextCursor ?? null;
        } while (cursor !== null);
      }
    }
  }

  #applyInstance({ id, value }: Change): void {
    if (this.instance?.id === id && value !== null) {
      this.instance = value as InstanceView;
    }
  }

  #applySnapshot({ id, value }: Change): void {
    const snapshot = value as SnapshotView | null;
    const others = this.snapshots.filter((known) => known.id !== id);
    if (snapshot === null) {
      this.snapshots = others;
    } else if (snapshot.owner.id === this.instance?.id) {
      this.snapshots = [snapshot, ...others].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    }
  }

  #applyPipeline({ id, value }: Change): void {
    const pipeline = value as PipelineView | null;
    const index = this.pipelines.findIndex((known) => known.id === id);
    const isOurs = pipeline?.stages.some(({ target }) => target.id === this.instance?.id) ?? false;
    if (pipeline === null || !isOurs) {
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

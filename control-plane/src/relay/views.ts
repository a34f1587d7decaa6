import type { ApplicationRole, LiveEntityKind } from '@flowyard/protocol';
import type { Actor } from '../access/actor.ts';
import type { Access } from '../access/authorize.ts';
import type { Stores } from '../db/stores.ts';
import { presentApplication } from '../features/applications/presenter.ts';
import { presentDeviceGroup } from '../features/device-groups/presenter.ts';
import type { AgentService } from '../features/devices/agent-service.ts';
import { presentDevice } from '../features/devices/presenter.ts';
import type { InstanceService } from '../features/instances/service.ts';
import type { NotificationService } from '../features/notifications/notification-service.ts';
import { readDeploymentViews } from '../features/pipelines/deployment-views.ts';
import type { PipelineService } from '../features/pipelines/service.ts';
import { presentSnapshot } from '../features/snapshots/presenter.ts';
import { presentStack } from '../features/stacks/service.ts';
import { readTeamOverview } from '../features/teams/overview.ts';

interface Parts {
  stores: Stores;
  instances: InstanceService;
  agents: AgentService;
  pipelines: PipelineService;
  notifications: NotificationService;
  access: Access;
}

/** Reads what readers of `/live` get to see, the same views as over HTTP. */
export class LiveViews {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The view of an entity, the same for everybody; null when it is gone. */
  async entity(kind: LiveEntityKind, id: string): Promise<object | null> {
    const { stores, instances } = this.#parts;
    switch (kind) {
      case 'instance': {
        const row = await stores.instances.find(id);
        return row && instances.present(row);
      }
      case 'device':
        return (await this.devices([id])).get(id) ?? null;
      case 'device-group': {
        const row = await stores.deviceGroups.find(id);
        return row && presentDeviceGroup(row);
      }
      case 'deployment': {
        const row = await stores.deployments.find(id);
        const [view = null] = row === null ? [] : await readDeploymentViews(stores, [row]);
        return view;
      }
      case 'snapshot': {
        const row = await stores.snapshots.find(id);
        return row && presentSnapshot(row);
      }
      case 'pipeline':
        return (await stores.pipelines.find(id)) === null ? null : this.#parts.pipelines.view(id);
      case 'application':
        return this.application(id, null);
    }
  }

  /** The views of those devices that are there, with one query. */
  async devices(ids: string[]): Promise<Map<string, object>> {
    const { stores, agents } = this.#parts;
    const rows = ids.length === 0 ? [] : await stores.devices.findMany(ids);
    return new Map(rows.map((row) => [row.id, presentDevice(row, agents.extrasOf(row.id))]));
  }

  async application(id: string, role: ApplicationRole | null): Promise<object | null> {
    const row = await this.#parts.stores.applications.find(id);
    return row && presentApplication(row, role);
  }

  async team(actor: Actor, id: string): Promise<object> {
    return readTeamOverview(
      this.#parts.stores,
      id,
      await this.#parts.access.hiddenApplications(actor, id, 'instance:read'),
    );
  }

  /** What is unread; nothing for whoever is not a person. */
  async notifications(actor: Actor): Promise<object> {
    return actor.kind === 'user' ? this.#parts.notifications.summary(actor) : { unread: 0 };
  }

  async platform(): Promise<object> {
    return { stacks: (await this.#parts.stores.catalogue.allStacks()).map(presentStack) };
  }
}

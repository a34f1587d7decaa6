import {
  createDeviceSnapshot,
  createInstanceSnapshot,
  deleteSnapshot,
  type Flows,
  getSnapshot,
  getSnapshotFlows,
  listApplicationSnapshotLabels,
  listApplicationSnapshots,
  listDeviceSnapshotLabels,
  listDeviceSnapshots,
  listInstanceSnapshotLabels,
  listInstanceSnapshots,
  rollBackInstance,
  setDeviceGroupTarget,
  setDeviceTarget,
  setInstanceTarget,
  updateSnapshot,
} from '@flowyard/protocol';
import type { Response } from 'express';
import { mapPage } from '../../db/paging.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { DeviceSnapshotService } from '../devices/snapshot-service.ts';
import type { InstanceService } from '../instances/service.ts';
import { presentSnapshot } from './presenter.ts';
import type { SnapshotService } from './service.ts';
import type { TargetService } from './target-service.ts';

interface Parts {
  snapshots: SnapshotService;
  targets: TargetService;
  instances: InstanceService;
  deviceSnapshots: DeviceSnapshotService;
}

/** As they are stored: taking large flows apart only to put them together again would take longer than the rest. */
function sendFlows(response: Response, flows: Buffer): { flows: Flows } {
  const parts = [Buffer.from('{"flows":'), flows, Buffer.from('}')];
  response.type('json').send(Buffer.concat(parts));
  return { flows: [] };
}

export function snapshotRoutes({ snapshots, targets, instances, deviceSnapshots }: Parts): Route[] {
  return [
    route(listInstanceSnapshots, may('snapshot:read', 'instance'), async ({ params, query }) =>
      mapPage(await snapshots.list({ instance_id: params.id }, query), presentSnapshot),
    ),
    route(createInstanceSnapshot, may('snapshot:create', 'instance'), async ({ actor, params, body }) =>
      presentSnapshot(await snapshots.takeOfInstance(actor, params.id, { ...body, kind: 'manual' })),
    ),
    route(listDeviceSnapshots, may('snapshot:read', 'device'), async ({ params, query }) =>
      mapPage(await snapshots.list({ device_id: params.id }, query), presentSnapshot),
    ),
    route(createDeviceSnapshot, may('snapshot:create', 'device'), async ({ actor, params, body }) =>
      presentSnapshot(await deviceSnapshots.take(actor, params.id, body)),
    ),
    route(listApplicationSnapshots, may('snapshot:read', 'application'), async ({ params, query }) =>
      mapPage(await snapshots.list({ application_id: params.id }, query), presentSnapshot),
    ),
    route(listInstanceSnapshotLabels, may('snapshot:read', 'instance'), async ({ params }) => ({
      items: await snapshots.labels({ instance_id: params.id }),
    })),
    route(listDeviceSnapshotLabels, may('snapshot:read', 'device'), async ({ params }) => ({
      items: await snapshots.labels({ device_id: params.id }),
    })),
    route(listApplicationSnapshotLabels, may('snapshot:read', 'application'), async ({ params }) => ({
      items: await snapshots.labels({ application_id: params.id }),
    })),
    route(getSnapshot, may('snapshot:read', 'snapshot'), async ({ params }) =>
      presentSnapshot(await snapshots.get(params.id)),
    ),
    route(getSnapshotFlows, may('snapshot:read', 'snapshot'), async ({ params, response }) =>
      sendFlows(response, await snapshots.flowsOf(params.id)),
    ),
    route(updateSnapshot, may('snapshot:edit', 'snapshot'), async ({ actor, params, body }) =>
      presentSnapshot(await snapshots.update(actor, params.id, body)),
    ),
    route(deleteSnapshot, may('snapshot:delete', 'snapshot'), ({ actor, params }) =>
      snapshots.delete(actor, params.id),
    ),
    route(rollBackInstance, may('snapshot:restore', 'instance'), async ({ actor, params, body }) => {
      const safetySnapshot = presentSnapshot(await snapshots.rollBack(actor, params.id, body.snapshotId));
      return { instance: await instances.view(params.id), safetySnapshot };
    }),
    route(setInstanceTarget, may('snapshot:target', 'instance'), ({ actor, params, body }) =>
      targets.set(actor, { kind: 'instance', id: params.id }, body.snapshotId),
    ),
    route(setDeviceTarget, may('snapshot:target', 'device'), ({ actor, params, body }) =>
      targets.set(actor, { kind: 'device', id: params.id }, body.snapshotId),
    ),
    route(setDeviceGroupTarget, may('snapshot:target', 'device-group'), ({ actor, params, body }) =>
      targets.set(actor, { kind: 'device-group', id: params.id }, body.snapshotId),
    ),
  ];
}

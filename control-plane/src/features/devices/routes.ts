import {
  assignDevice,
  changeManyDevices,
  controlDevice,
  createDevice,
  deleteDevice,
  getDevice,
  getDeviceLogs,
  listApplicationDevices,
  listDeviceFailures,
  listInstanceDevices,
  listTeamDevices,
  previewAssignment,
  setDeviceMode,
  updateDevice,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import { type Access, requireUser } from '../../access/authorize.ts';
import { mapPage } from '../../db/paging.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { AgentService } from './agent-service.ts';
import type { BulkService } from './bulk-service.ts';
import type { DeviceRow } from './device-row.ts';
import type { DeviceLogService } from './log-service.ts';
import type { DeviceModeService } from './mode-service.ts';
import type { Assignment } from './operations/assign.ts';
import { presentDevice, presentFailure } from './presenter.ts';
import type { DeviceService } from './service.ts';

interface Parts {
  devices: DeviceService;
  agents: AgentService;
  modes: DeviceModeService;
  deviceLogs: DeviceLogService;
  access: Access;
  bulkDevices: BulkService;
}

/** Whoever assigns a device must have the right on both sides: the device and where it goes. */
export async function mayAssignTo(
  access: Access,
  actor: Actor,
  to: Assignment,
  permission: 'device:edit' | 'device:read' = 'device:edit',
): Promise<void> {
  if (to.applicationId !== undefined) {
    await access.authorize(actor, permission, 'application', to.applicationId);
  }
  if (to.instanceId !== undefined) {
    await access.authorize(actor, permission, 'instance', to.instanceId);
  }
}

export function deviceRoutes({ devices, agents, modes, deviceLogs, access, bulkDevices }: Parts): Route[] {
  const present = (row: DeviceRow) => presentDevice(row, agents.extrasOf(row.id));
  return [
    route(listTeamDevices, may('device:read', 'team'), async ({ actor, params, query }) => {
      const hidden = await access.hiddenApplications(actor, params.id, 'device:read');
      return mapPage(await devices.list({ teamId: params.id, hidden }, query), present);
    }),
    route(listApplicationDevices, may('device:read', 'application'), async ({ params, query }) =>
      mapPage(await devices.list({ applicationId: params.id }, query), present),
    ),
    route(listInstanceDevices, may('device:read', 'instance'), async ({ params, query }) =>
      mapPage(await devices.list({ instanceId: params.id }, query), present),
    ),
    route(createDevice, may('device:create', 'team'), async ({ actor, params, body }) => {
      await mayAssignTo(access, actor, body);
      const { device, credentials } = await devices.create(actor, params.id, body);
      return { id: device.id, device: present(device), credentials };
    }),
    route(getDevice, may('device:read', 'device'), async ({ params }) =>
      present(await devices.get(params.id)),
    ),
    route(updateDevice, may('device:edit', 'device'), async ({ actor, params, body }) =>
      present(await devices.update(actor, params.id, body)),
    ),
    route(deleteDevice, may('device:delete', 'device'), ({ actor, params }) =>
      devices.delete(actor, params.id),
    ),
    route(assignDevice, may('device:edit', 'device'), async ({ actor, params, body }) => {
      await mayAssignTo(access, actor, body);
      return present(await devices.assign(actor, params.id, body));
    }),
    route(previewAssignment, may('device:read', 'device'), async ({ actor, params, query }) => {
      await mayAssignTo(access, actor, query, 'device:read');
      return devices.previewAssignment(params.id, query);
    }),
    route(changeManyDevices, may('device:read', 'team'), ({ actor, params, body }) =>
      bulkDevices.change(requireUser(actor), params.id, body.deviceIds, body.change),
    ),
    route(controlDevice, may('device:control', 'device'), async ({ actor, params, body }) =>
      present(await devices.control(actor, params.id, body.action)),
    ),
    route(setDeviceMode, may('device:develop', 'device'), async ({ actor, params, body }) => {
      await modes.set(actor, params.id, body);
      return present(await devices.get(params.id));
    }),
    route(listDeviceFailures, may('device:read', 'device'), async ({ params }) => ({
      items: (await agents.failuresOf(params.id)).map(presentFailure),
    })),
    route(getDeviceLogs, may('device:read', 'device'), async ({ params, query }) => ({
      items: await deviceLogs.read(params.id, query),
    })),
  ];
}

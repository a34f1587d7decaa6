import {
  createDeviceGroup,
  deleteDeviceGroup,
  getDeviceGroup,
  listDeviceGroupMembers,
  listDeviceGroups,
  previewLabelRule,
  updateDeviceGroup,
  updateDeviceGroupMembers,
} from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { notFound } from '../../errors.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { AgentService } from '../devices/agent-service.ts';
import { presentDevice } from '../devices/presenter.ts';
import type { DeviceService } from '../devices/service.ts';
import { presentDeviceGroup, presentRulePlan } from './presenter.ts';
import type { DeviceGroupService } from './service.ts';

interface Parts {
  groups: DeviceGroupService;
  devices: DeviceService;
  agents: AgentService;
}

export function deviceGroupRoutes({ groups, devices, agents }: Parts): Route[] {
  return [
    route(listDeviceGroups, may('device-group:read', 'application'), async ({ params, query }) =>
      mapPage(await groups.list(params.id, query), presentDeviceGroup),
    ),
    route(
      createDeviceGroup,
      may('device-group:edit', 'application'),
      async ({ actor, params, body, scope }) =>
        presentDeviceGroup(
          await groups.create(actor, { teamId: scope.teamId, applicationId: params.id }, body),
        ),
    ),
    route(previewLabelRule, may('device-group:read', 'application'), async ({ params, query }) => {
      const { deviceGroupId } = query;
      const group = deviceGroupId === undefined ? null : await groups.get(deviceGroupId);
      if (group !== null && group.applicationId !== params.id) {
        throw notFound('device group');
      }
      const place = { id: group?.id ?? null, applicationId: params.id };
      return presentRulePlan(await groups.planRule(place, query.labels.split(',')), group);
    }),
    route(getDeviceGroup, may('device-group:read', 'device-group'), async ({ params }) =>
      presentDeviceGroup(await groups.get(params.id)),
    ),
    route(
      updateDeviceGroup,
      may('device-group:edit', 'device-group'),
      async ({ actor, params, body, scope }) =>
        presentDeviceGroup(await groups.update(actor, scope.teamId, params.id, body)),
    ),
    route(deleteDeviceGroup, may('device-group:edit', 'device-group'), ({ actor, params, scope }) =>
      groups.delete(actor, scope.teamId, params.id),
    ),
    route(listDeviceGroupMembers, may('device:read', 'device-group'), async ({ params, query }) =>
      mapPage(await devices.list({ deviceGroupId: params.id }, query), (row) =>
        presentDevice(row, agents.extrasOf(row.id)),
      ),
    ),
    route(
      updateDeviceGroupMembers,
      may('device-group:edit', 'device-group'),
      async ({ actor, params, body, scope }) =>
        presentDeviceGroup(await groups.changeMembers(actor, scope.teamId, params.id, body)),
    ),
  ];
}

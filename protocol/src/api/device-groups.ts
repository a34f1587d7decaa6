import { z } from 'zod';
import { LabelRule } from '../device-labels.ts';
import { DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { DeviceListQuery, DeviceView } from './devices.ts';
import { Reference } from './instances.ts';

const IdParams = z.strictObject({ id: Id });

export const DeviceGroupView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  applicationId: Id,
  /** Labels that its devices have; null when people choose them. */
  rule: z.array(z.string()).nullable(),
  targetSnapshot: Reference.nullable(),
  devices: z.number().int(),
  /** Of those, how many run the target. */
  onTarget: z.number().int(),
  online: z.number().int(),
  createdAt: Time,
});
export type DeviceGroupView = z.infer<typeof DeviceGroupView>;

export const listDeviceGroups = operation('listDeviceGroups', {
  method: 'GET',
  path: '/applications/:id/device-groups',
  summary: 'Device groups of an application',
  params: IdParams,
  query: ListQuery,
  response: pageOf(DeviceGroupView),
});

export const createDeviceGroup = operation('createDeviceGroup', {
  method: 'POST',
  path: '/applications/:id/device-groups',
  summary: 'Make a device group',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName,
    description: z.string().max(2000).optional(),
    /** Labels: devices that have all of them belong to the group at once. */
    rule: LabelRule.nullable().optional(),
  }),
  response: DeviceGroupView,
  status: 201,
});

export const getDeviceGroup = operation('getDeviceGroup', {
  method: 'GET',
  path: '/device-groups/:id',
  summary: 'One device group',
  params: IdParams,
  response: DeviceGroupView,
});

export const updateDeviceGroup = operation('updateDeviceGroup', {
  method: 'PATCH',
  path: '/device-groups/:id',
  summary: 'Change a device group',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    description: z.string().max(2000).optional(),
    /** Null leaves the choice of devices to people; those that are in it stay. */
    rule: LabelRule.nullable().optional(),
  }),
  response: DeviceGroupView,
});

export const deleteDeviceGroup = operation('deleteDeviceGroup', {
  method: 'DELETE',
  path: '/device-groups/:id',
  summary: 'Delete a device group; its devices stay; refused while it is a stage of a pipeline',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const listDeviceGroupMembers = operation('listDeviceGroupMembers', {
  method: 'GET',
  path: '/device-groups/:id/members',
  summary: 'Devices of a group',
  params: IdParams,
  query: DeviceListQuery,
  response: pageOf(DeviceView),
});

export const updateDeviceGroupMembers = operation('updateDeviceGroupMembers', {
  method: 'PATCH',
  path: '/device-groups/:id/members',
  summary: 'Add and remove devices; added ones take the target of the group',
  params: IdParams,
  body: z.strictObject({ add: z.array(Id).max(1000).optional(), remove: z.array(Id).max(1000).optional() }),
  response: DeviceGroupView,
});

import { z } from 'zod';
import { DeviceLabels, LabelList } from '../device-labels.ts';
import { Drift } from '../drift.ts';
import { FlowState } from '../flow-state.ts';
import { HostHealthView } from '../host-health.ts';
import { DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { DeviceMode, DeviceState, Presence, RuntimeStatus } from '../status.ts';
import { LogLine, LogPage, LogSearchQuery, Reference } from './instances.ts';

const IdParams = z.strictObject({ id: Id });

/** What the agent needs to connect; it is shown once and kept in the agent's `device.yml`. */
export const DeviceCredentials = z.object({
  url: z.string(),
  deviceId: Id,
  /** Proves the device's identity. */
  token: z.string(),
  /** Encrypts flow credentials on the device. */
  secret: z.string(),
});
export type DeviceCredentials = z.infer<typeof DeviceCredentials>;

const TargetOrigin = z.enum(['device', 'device-group', 'instance']);

export const DeviceView = z.object({
  id: Id,
  name: z.string(),
  type: z.string(),
  teamId: Id,
  application: Reference.nullable(),
  /** The hosted instance that it is assigned to. */
  instance: Reference.nullable(),
  deviceGroup: Reference.nullable(),
  presence: Presence,
  state: DeviceState,
  status: RuntimeStatus,
  step: z.string().nullable(),
  /** 0 to 1 while a step of known length runs. */
  progress: z.number().nullable(),
  reason: z.string().nullable(),
  /** What its flows say of their health and of updates, by the nodes `health` and `update lock`. */
  flow: FlowState,
  since: Time,
  lastSeenAt: Time.nullable(),
  targetSnapshot: Reference.nullable(),
  /** Where the target comes from. */
  targetOrigin: TargetOrigin.nullable(),
  /** Everything that gives it a target, the strongest first: that one counts, the others wait behind it. */
  targets: z.array(z.object({ origin: TargetOrigin, owner: Reference, snapshot: Reference })),
  /** Words, or keys with a value, by which devices are found and groups take them. */
  labels: z.array(z.string()),
  runningSnapshot: Reference.nullable(),
  /** What ran before that, and what a roll back makes the own target; null once it is deleted. */
  previousSnapshot: Reference.nullable(),
  /** Why it does not run its target; null when it does. */
  drift: Drift.nullable(),
  agentVersion: z.string().nullable(),
  nodeRed: z.string().nullable(),
  nodeJs: z.string().nullable(),
  platform: z.string().nullable(),
  /** Milliseconds by which its clock is ahead of ours; null while unknown. */
  clockSkewMs: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  cpuPercent: z.number().nullable(),
  /** How its machine is; of an offline device, how it was when it was last seen. Null before the agent told. */
  host: HostHealthView.nullable(),
  /** What it should be in, and what it says it is in. */
  mode: DeviceMode,
  runningMode: DeviceMode,
  /** Null in fleet mode. */
  developer: z
    .object({
      since: Time,
      /** Null: until somebody ends it. */
      until: Time.nullable(),
      by: z.string(),
      /** Something was changed on the device since. */
      edited: z.boolean(),
      /** The address of its editor, pages and HTTP routes. */
      url: z.string(),
      /** Who has the editor open. */
      editors: z.array(z.string()),
    })
    .nullable(),
  /** Another machine that came with the identity of this one and was refused; null when none did. */
  otherMachine: z.object({ at: Time, hostname: z.string(), address: z.string().nullable() }).nullable(),
  /** New credentials were made: until when the old ones are good, too, and whether the device has the new ones. */
  renewal: z.object({ oldUntil: Time, taken: z.boolean() }).nullable(),
  createdAt: Time,
});
export type DeviceView = z.infer<typeof DeviceView>;

/** `label` keeps the devices that have all of those labels. */
export const DeviceListQuery = ListQuery.extend({ label: LabelList.optional() });
export type DeviceListQuery = z.infer<typeof DeviceListQuery>;

export const listTeamDevices = operation('listTeamDevices', {
  method: 'GET',
  path: '/teams/:id/devices',
  summary: 'Devices of a team that the person may see',
  params: IdParams,
  query: DeviceListQuery,
  response: pageOf(DeviceView),
});

export const listApplicationDevices = operation('listApplicationDevices', {
  method: 'GET',
  path: '/applications/:id/devices',
  summary: 'Devices of an application, those assigned to its instances among them',
  params: IdParams,
  query: DeviceListQuery,
  response: pageOf(DeviceView),
});

export const listInstanceDevices = operation('listInstanceDevices', {
  method: 'GET',
  path: '/instances/:id/devices',
  summary: 'Devices assigned to an instance',
  params: IdParams,
  query: DeviceListQuery,
  response: pageOf(DeviceView),
});

const DeviceType = z.string().trim().max(120);

export const createDevice = operation('createDevice', {
  method: 'POST',
  path: '/teams/:id/devices',
  summary: 'Register a device; its credentials are shown this once',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName,
    type: DeviceType.optional(),
    applicationId: Id.optional(),
    instanceId: Id.optional(),
  }),
  response: z.object({ id: Id, device: DeviceView, credentials: DeviceCredentials }),
  status: 201,
});

export const getDevice = operation('getDevice', {
  method: 'GET',
  path: '/devices/:id',
  summary: 'One device',
  params: IdParams,
  response: DeviceView,
});

export const updateDevice = operation('updateDevice', {
  method: 'PATCH',
  path: '/devices/:id',
  summary: 'Change a device',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    type: DeviceType.optional(),
    labels: DeviceLabels.optional(),
  }),
  response: DeviceView,
});

export const deleteDevice = operation('deleteDevice', {
  method: 'DELETE',
  path: '/devices/:id',
  summary: 'Remove a device; its agent goes on running what it has',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const assignDevice = operation('assignDevice', {
  method: 'PUT',
  path: '/devices/:id/assignment',
  summary: 'Assign a device to an application, to a hosted instance, or to nothing',
  params: IdParams,
  body: z
    .strictObject({
      applicationId: Id.optional(),
      instanceId: Id.optional(),
      /**
       * `keep`: it goes on with the target that it has now, as its own. `follow`: it gives up its own target for what
       * it finds there. Left out, its own target stays where that is possible.
       */
      target: z.enum(['keep', 'follow']).optional(),
    })
    .refine((body) => body.applicationId === undefined || body.instanceId === undefined, {
      message: 'Name an application or an instance, not both',
    }),
  response: DeviceView,
});

/** A week: whoever needs a device for longer prolongs it, or leaves the limit out. */
const MAX_MINUTES = 7 * 24 * 60;

export const setDeviceMode = operation('setDeviceMode', {
  method: 'PUT',
  path: '/devices/:id/mode',
  summary:
    'Switch a device to developer mode, for some minutes or until it is ended, or back to fleet mode; again to prolong it',
  params: IdParams,
  body: z
    .strictObject({
      mode: DeviceMode,
      minutes: z.number().int().min(1).max(MAX_MINUTES).nullable().optional(),
    })
    .refine((body) => body.mode === 'developer' || body.minutes == null, {
      message: 'belongs to developer mode',
      path: ['minutes'],
    }),
  response: DeviceView,
});

export const DeviceAction = z.enum(['start', 'stop', 'restart', 'suspend', 'retry', 'rollback']);
export type DeviceAction = z.infer<typeof DeviceAction>;

export const controlDevice = operation('controlDevice', {
  method: 'POST',
  path: '/devices/:id/actions',
  summary:
    'Start, stop, restart, suspend, try a failed update again, or roll back to what ran before; done when the device is online',
  params: IdParams,
  body: z.strictObject({ action: DeviceAction }),
  response: DeviceView,
  status: 202,
});

export const getDeviceLogs = operation('getDeviceLogs', {
  method: 'GET',
  path: '/devices/:id/logs',
  summary:
    'The last lines of the log that match, oldest first, from all that a device keeps that is online; new ones come on the topic `device/ID/log`',
  params: IdParams,
  query: LogSearchQuery,
  response: LogPage,
});

export const DeviceFailureView = z.object({
  id: Id,
  at: Time,
  /** By the clock of the device. */
  deviceTime: Time,
  kind: z.enum(['crashed', 'error', 'update-failed']),
  snapshot: Reference.nullable(),
  reason: z.string(),
  /** The end of the log at that time. */
  log: z.array(LogLine),
});
export type DeviceFailureView = z.infer<typeof DeviceFailureView>;

export const listDeviceFailures = operation('listDeviceFailures', {
  method: 'GET',
  path: '/devices/:id/failures',
  summary: 'The last ten crashes and failed updates of a device with the end of its log, newest first',
  params: IdParams,
  response: z.object({ items: z.array(DeviceFailureView) }),
});

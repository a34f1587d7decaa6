import { z } from 'zod';
import { DeviceLabel, LabelList } from '../device-labels.ts';
import { Id, VariableName } from '../names.ts';
import { operation } from '../operation.ts';
import { DeviceAction } from './devices.ts';
import { Reference } from './instances.ts';
import { VariableValue } from './variables.ts';

const IdParams = z.strictObject({ id: Id });

/** What becomes of the target of a device that moves. */
export const TargetOnMove = z.enum(['keep', 'follow']);
export type TargetOnMove = z.infer<typeof TargetOnMove>;

export const previewAssignment = operation('previewAssignment', {
  method: 'GET',
  path: '/devices/:id/assignment',
  summary: 'What a device would run after it is assigned elsewhere; nothing is changed',
  params: IdParams,
  query: z.strictObject({ applicationId: Id.optional(), instanceId: Id.optional() }),
  response: z.object({
    /** Its target now. */
    now: Reference.nullable(),
    /** Its target with `target: keep`; `refusal` when that is not possible. */
    keep: z.object({ target: Reference.nullable(), refusal: z.string().nullable() }),
    /** Its target with `target: follow`. */
    follow: z.object({ target: Reference.nullable() }),
    /** The group that it leaves, and the one that takes it by its labels. */
    leaves: Reference.nullable(),
    joins: Reference.nullable(),
    /** Why it cannot move there at all. */
    refusal: z.string().nullable(),
  }),
});

const BulkVariable = z.strictObject({
  name: VariableName,
  value: VariableValue,
  secret: z.boolean().default(false),
});

export const BulkAction = z.discriminatedUnion('action', [
  z
    .strictObject({
      action: z.literal('assign'),
      applicationId: Id.optional(),
      instanceId: Id.optional(),
      target: TargetOnMove.optional(),
    })
    .refine((change) => change.applicationId === undefined || change.instanceId === undefined, {
      message: 'Name an application or an instance, not both',
    }),
  z.strictObject({ action: z.literal('move-to-group'), deviceGroupId: Id.nullable() }),
  z.strictObject({ action: z.literal('delete') }),
  ...DeviceAction.options.map((action) => z.strictObject({ action: z.literal(action) })),
  z.strictObject({
    action: z.literal('set-variables'),
    set: z.array(BulkVariable).max(100).default([]),
    remove: z.array(VariableName).max(100).default([]),
  }),
  z.strictObject({
    action: z.literal('set-labels'),
    add: z.array(DeviceLabel).max(30).default([]),
    remove: z.array(DeviceLabel).max(30).default([]),
  }),
  z.strictObject({ action: z.literal('set-target'), snapshotId: Id.nullable() }),
]);
export type BulkAction = z.infer<typeof BulkAction>;

const DeviceIds = z.array(Id).min(1, 'must name a device').max(1000, 'must name at most 1000 devices');

export const BulkResult = z.object({
  deviceId: Id,
  /** Null for a device that is not there. */
  name: z.string().nullable(),
  outcome: z.enum(['done', 'refused', 'not-found']),
  /** Why it was refused. */
  reason: z.string().nullable(),
});
export type BulkResult = z.infer<typeof BulkResult>;

export const changeManyDevices = operation('changeManyDevices', {
  method: 'POST',
  path: '/teams/:id/devices/bulk',
  summary: 'Do the same to many devices, in one step; each is done whole or refused with the reason',
  params: IdParams,
  body: z.strictObject({ deviceIds: DeviceIds, change: BulkAction }),
  response: z.object({ results: z.array(BulkResult), done: z.number().int(), refused: z.number().int() }),
});

const MovedDevice = z.object({
  device: Reference,
  /** The target it has, and the one it would have. */
  now: Reference.nullable(),
  next: Reference.nullable(),
});

export const previewLabelRule = operation('previewLabelRule', {
  method: 'GET',
  path: '/applications/:id/device-group-rule',
  summary: 'Who would be in a device group with such a rule, and what they would run; nothing is changed',
  params: IdParams,
  query: z.strictObject({ labels: LabelList, deviceGroupId: Id.optional() }),
  response: z.object({
    /** Of each list the first 200. */
    joins: z.array(MovedDevice),
    leaves: z.array(MovedDevice),
    /** Have the labels, and stay in a group that people put them in. */
    elsewhere: z.array(z.object({ device: Reference, group: Reference })),
    /** Have the labels, and those of the rule of another group: the rule would be refused. */
    claimed: z.array(z.object({ device: Reference, group: Reference })),
    /** Those that are in the group and stay. */
    stay: z.number().int(),
    total: z.number().int(),
  }),
});

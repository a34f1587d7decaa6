import { z } from 'zod';
import { FlowCredentials, Flows } from '../flows.ts';
import { MAX_LOCK_CHARACTERS } from '../lock-file.ts';
import { DisplayName, Id, Time } from '../names.ts';
import { LARGE_BODY_BYTES, NoContent, operation } from '../operation.ts';
import { Modules } from '../snapshot-manifest.ts';
import { DeviceCredentials } from './devices.ts';

const IdParams = z.strictObject({ id: Id });
const DeviceType = z.string().trim().max(120);
const AgentVersion = z.string().max(64);

/** Three words, however they were typed. */
export const JoinCode = z
  .string()
  .max(100)
  .transform((text) =>
    text
      .trim()
      .toLowerCase()
      .split(/[\s-]+/)
      .join('-'),
  )
  .pipe(z.string().regex(/^[a-z]+-[a-z]+-[a-z]+$/, 'is not a code of three words'));
const CodeParams = z.strictObject({ code: JoinCode });

export const createDeviceCode = operation('createDeviceCode', {
  method: 'POST',
  path: '/devices/:id/code',
  summary: 'Make a one-time code with which the machine of a device joins within 24 hours; an older one ends',
  params: IdParams,
  response: z.object({ code: z.string(), expiresAt: Time }),
  status: 201,
});

export const joinWithCode = operation('joinWithCode', {
  method: 'POST',
  path: '/agent/join',
  summary: 'Become the device that a one-time code was made for; credentials that it had before end',
  body: z.strictObject({
    code: JoinCode,
    agentVersion: AgentVersion,
    /** Random; who repeats an attempt whose answer was lost sends the same. */
    attempt: z.string().min(16).max(100),
  }),
  response: DeviceCredentials,
  status: 201,
});

export const beginRegistration = operation('beginRegistration', {
  method: 'POST',
  path: '/agent/registrations',
  summary: 'Ask to be registered: a person opens the address and says where the device belongs',
  body: z.strictObject({
    name: DisplayName,
    type: DeviceType.optional(),
    agentVersion: AgentVersion,
    platform: z.string().max(200),
  }),
  response: z.object({
    code: z.string(),
    /** For the person. */
    url: z.string(),
    /** With it the agent asks whether somebody has agreed. */
    secret: z.string(),
    expiresAt: Time,
    /** So many seconds between two questions. */
    interval: z.number(),
  }),
  status: 201,
});

export const claimRegistration = operation('claimRegistration', {
  method: 'POST',
  path: '/agent/registrations/claim',
  summary: 'Whether somebody has agreed, and then the credentials',
  body: z.strictObject({ secret: z.string().max(200) }),
  response: z.object({
    state: z.enum(['waiting', 'accepted', 'refused']),
    credentials: DeviceCredentials.nullable(),
  }),
});

export const RegistrationView = z.object({
  code: z.string(),
  name: z.string(),
  type: z.string(),
  agentVersion: z.string(),
  platform: z.string(),
  /** Where it asked from. */
  address: z.string().nullable(),
  createdAt: Time,
  expiresAt: Time,
});
export type RegistrationView = z.infer<typeof RegistrationView>;

export const getRegistration = operation('getRegistration', {
  method: 'GET',
  path: '/device-registrations/:code',
  summary: 'A machine that asks to be registered, for whoever knows its code',
  params: CodeParams,
  response: RegistrationView,
});

export const acceptRegistration = operation('acceptRegistration', {
  method: 'POST',
  path: '/device-registrations/:code',
  summary: 'Register the machine that asks as a device of a team',
  params: CodeParams,
  body: z
    .strictObject({
      teamId: Id,
      name: DisplayName,
      applicationId: Id.optional(),
      instanceId: Id.optional(),
    })
    .refine((body) => body.applicationId === undefined || body.instanceId === undefined, {
      message: 'Name an application or an instance, not both',
    }),
  response: z.object({ deviceId: Id }),
  status: 201,
});

export const refuseRegistration = operation('refuseRegistration', {
  method: 'DELETE',
  path: '/device-registrations/:code',
  summary: 'Say no to a machine that asks to be registered',
  params: CodeParams,
  response: NoContent,
  status: 204,
});

export const renewDeviceCredentials = operation('renewDeviceCredentials', {
  method: 'POST',
  path: '/devices/:id/credentials',
  summary:
    'New credentials: a device that is there, or comes in time, takes them by itself; the old ones end when the time is over',
  params: IdParams,
  body: z.strictObject({
    /** So long the old ones are good, too; 0 ends them at once, and somebody has to bring the new ones to the device. */
    graceHours: z.number().int().min(0).max(720),
  }),
  response: z.object({ credentials: DeviceCredentials, graceUntil: Time.nullable() }),
  status: 201,
});

export const acceptMachine = operation('acceptMachine', {
  method: 'POST',
  path: '/devices/:id/machine',
  summary: 'Let the other machine that came with the identity of this device be the device from now on',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const importMachine = operation('importMachine', {
  method: 'POST',
  path: '/agent/import',
  summary:
    'Make a snapshot of the Node-RED that was found on the machine; it becomes the target of a device that has none',
  body: z.strictObject({
    name: DisplayName,
    /** The content of its flows.json. */
    flows: Flows,
    /** The content of its flows_cred.json. */
    credentials: FlowCredentials.optional(),
    /** What they were encrypted with. */
    credentialSecret: z.string().max(1000).optional(),
    modules: Modules.optional(),
    /** The content of its package-lock.json; one that does not fit is left out. */
    lock: z.string().max(MAX_LOCK_CHARACTERS).optional(),
    /** Its version; one that is too old for agents gives way to that of the platform. */
    nodeRed: z.string().max(64).optional(),
  }),
  maxBodyBytes: LARGE_BODY_BYTES,
  response: z.object({ snapshotId: Id, isTarget: z.boolean() }),
  status: 201,
});

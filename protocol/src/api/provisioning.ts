import { z } from 'zod';
import { Flows } from '../flows.ts';
import { MAX_LOCK_CHARACTERS } from '../lock-file.ts';
import { DisplayName, Id, Time } from '../names.ts';
import { LARGE_BODY_BYTES, ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { DeviceCredentials } from './devices.ts';
import { Reference } from './instances.ts';

const IdParams = z.strictObject({ id: Id });

/** An address, or a network such as 10.1.0.0/16. */
const Network = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'is not an address or a network such as 10.1.0.0/16',
});

export const ProvisioningTokenView = z.object({
  id: Id,
  name: z.string(),
  application: Reference.nullable(),
  instance: Reference.nullable(),
  deviceGroup: Reference.nullable(),
  expiresAt: Time.nullable(),
  /** How many devices may join in all; null for any number. */
  uses: z.number().int().nullable(),
  /** What names of devices must look like; `*` stands for anything. */
  namePattern: z.string().nullable(),
  /** Networks that devices may join from; empty for any. */
  networks: z.array(z.string()),
  used: z.number().int(),
  createdAt: Time,
});
export type ProvisioningTokenView = z.infer<typeof ProvisioningTokenView>;

export const listProvisioningTokens = operation('listProvisioningTokens', {
  method: 'GET',
  path: '/teams/:id/provisioning-tokens',
  summary: 'Tokens with which devices can join a team',
  params: IdParams,
  query: ListQuery,
  response: pageOf(ProvisioningTokenView),
});

export const createProvisioningToken = operation('createProvisioningToken', {
  method: 'POST',
  path: '/teams/:id/provisioning-tokens',
  summary: 'Make a provisioning token; its value is shown this once',
  params: IdParams,
  body: z
    .strictObject({
      name: DisplayName,
      applicationId: Id.optional(),
      instanceId: Id.optional(),
      deviceGroupId: Id.optional(),
      expiresAt: Time.optional(),
      uses: z.number().int().min(1).max(100_000).optional(),
      namePattern: DisplayName.optional(),
      networks: z.array(Network).max(20).optional(),
    })
    .refine((body) => [body.applicationId, body.instanceId, body.deviceGroupId].filter(Boolean).length <= 1, {
      message: 'Name at most one of applicationId, instanceId and deviceGroupId',
    }),
  response: z.object({ id: Id, token: z.string() }),
  status: 201,
});

export const deleteProvisioningToken = operation('deleteProvisioningToken', {
  method: 'DELETE',
  path: '/teams/:id/provisioning-tokens/:tokenId',
  summary: 'Revoke a provisioning token; devices that joined with it stay',
  params: z.strictObject({ id: Id, tokenId: Id }),
  response: NoContent,
  status: 204,
});

export const registerDevice = operation('registerDevice', {
  method: 'POST',
  path: '/agent/register',
  summary: 'Join a team, with a provisioning token as bearer',
  // Not strict: an agent may be newer than the control plane.
  body: z.object({
    name: DisplayName,
    type: z.string().trim().max(120).optional(),
    agentVersion: z.string().max(64),
  }),
  response: DeviceCredentials,
  status: 201,
});

/** What runs on a device, as its agent sends it when it was asked for a snapshot. */
export const AgentSnapshot = z.object({
  /** The id of the request that it answers. */
  requestId: z.string().max(64),
  /** The snapshot that it began with; its variables are those of the new one, too. */
  baseSnapshotId: Id.nullable(),
  flows: Flows,
  /** Encrypted with the secret of the device, as Node-RED keeps them. */
  credentials: z.record(z.string(), z.unknown()),
  modules: z.record(z.string().max(214), z.string().max(200)),
  /** The npm lock file by which they were installed; null when there is none. */
  lock: z.string().max(MAX_LOCK_CHARACTERS).nullable().default(null),
  nodeRed: z.string().max(64),
  nodeJs: z.string().max(64),
});
export type AgentSnapshot = z.infer<typeof AgentSnapshot>;

export const sendAgentSnapshot = operation('sendAgentSnapshot', {
  method: 'POST',
  path: '/agent/snapshots',
  summary: 'What runs on a device, sent by its agent when it was asked for a snapshot',
  body: AgentSnapshot,
  response: z.object({ id: Id }),
  status: 201,
  maxBodyBytes: LARGE_BODY_BYTES,
});

export const getAgentBlob = operation('getAgentBlob', {
  method: 'GET',
  path: '/agent/blobs/:digest',
  summary: "One part of the device's target, as bytes",
  params: z.strictObject({ digest: z.string().max(80) }),
  response: z.unknown(),
});

import { z } from 'zod';
import { FlowState } from '../flow-state.ts';
import { FlowCredentials, Flows } from '../flows.ts';
import { MAX_LOCK_CHARACTERS } from '../lock-file.ts';
import { Description, Id, InstanceName, ModuleName, ModuleVersion, Time, VariableName } from '../names.ts';
import { LARGE_BODY_BYTES, ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { Desired, InstanceChangeState, InstanceState, RuntimeStatus } from '../status.ts';
import { VariableValue } from './variables.ts';

const IdParams = z.strictObject({ id: Id });

/** A thing that is named elsewhere, with its name. */
export const Reference = z.object({ id: Id, name: z.string() });
export type Reference = z.infer<typeof Reference>;

export const InstanceView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  /** Where its editor and its HTTP routes are. */
  url: z.string(),
  teamId: Id,
  application: Reference,
  instanceType: Reference,
  stack: Reference,
  template: Reference,
  /** Whether its flows change only through a pipeline or by rolling back. */
  protected: z.boolean(),
  /** The stack that replaces its own and is ready to be moved to. */
  stackUpdate: Reference.nullable(),
  /** The blueprint that it was made from, with the version that it has and the newest one. */
  blueprint: Reference.extend({ version: z.number().int(), newest: z.number().int() }).nullable(),
  /** The change of stack or type that is under way. */
  change: z.object({ id: Id, state: InstanceChangeState, to: z.string(), author: z.string() }).nullable(),
  /** It is a copy on which a stack is tried; `of` is null when the original is gone. */
  trial: z.object({ of: Reference.nullable(), until: Time }).nullable(),
  desired: Desired,
  state: InstanceState,
  status: RuntimeStatus,
  /** The step it is in, for example "installing modules 3/7". */
  step: z.string().nullable(),
  /** Why it is in this state, for people. */
  reason: z.string().nullable(),
  /** Since when it has been in this state. */
  since: Time,
  /** Grows with every deploy. */
  flowsRevision: z.number().int(),
  flowsChangedAt: Time.nullable(),
  flowsChangedBy: z.string().nullable(),
  /** The snapshot whose flows run now, when nothing was changed since. */
  runningSnapshot: Reference.nullable(),
  /** What the devices assigned to this instance run. */
  targetSnapshot: Reference.nullable(),
  /** What its flows say of their health and of updates, by the nodes `health` and `update lock`. */
  flow: FlowState,
  /** Limp mode: flows that are left out because they crash; null while all run. */
  leftOut: z.array(z.object({ id: z.string(), name: z.string() })).nullable(),
  memoryBytes: z.number().nullable(),
  cpuPercent: z.number().nullable(),
  createdAt: Time,
});
export type InstanceView = z.infer<typeof InstanceView>;

export const listTeamInstances = operation('listTeamInstances', {
  method: 'GET',
  path: '/teams/:id/instances',
  summary: 'Hosted instances of a team that the person may see',
  params: IdParams,
  query: ListQuery,
  response: pageOf(InstanceView),
});

export const listInstances = operation('listInstances', {
  method: 'GET',
  path: '/applications/:id/instances',
  summary: 'Hosted instances of an application',
  params: IdParams,
  query: ListQuery,
  response: pageOf(InstanceView),
});

export const createInstance = operation('createInstance', {
  method: 'POST',
  path: '/applications/:id/instances',
  summary: 'Make a hosted instance and, unless told otherwise, start it',
  params: IdParams,
  body: z.strictObject({
    name: InstanceName,
    description: Description.optional(),
    instanceTypeId: Id.optional(),
    stackId: Id.optional(),
    templateId: Id.optional(),
    /** Flows, modules and variables are those of its newest version; `env` has the values that it asks for. */
    blueprintId: Id.optional(),
    env: z.record(VariableName, VariableValue).optional(),
    start: z.boolean().optional(),
    /** Type, stack and template are those of the original unless they are named. */
    copyOf: z
      .strictObject({
        instanceId: Id,
        flows: z.boolean().default(true),
        /** Encrypted anew for the copy. Like values of variables and settings they take the right to edit the original. */
        credentials: z.boolean().default(false),
        variables: z.enum(['values', 'names', 'none']).default('names'),
        settings: z.boolean().default(false),
      })
      .optional(),
  }),
  response: InstanceView,
  status: 201,
});

const MOST_MODULES = 300;

export const importInstance = operation('importInstance', {
  method: 'POST',
  path: '/applications/:id/instances/import',
  summary: 'Make a hosted instance of a Node-RED that there is: of its flows, credentials and modules',
  params: IdParams,
  body: z.strictObject({
    name: InstanceName,
    description: Description.optional(),
    instanceTypeId: Id.optional(),
    stackId: Id.optional(),
    templateId: Id.optional(),
    env: z.record(VariableName, VariableValue).optional(),
    start: z.boolean().optional(),
    /** The content of its flows.json. */
    flows: Flows,
    /** The content of its flows_cred.json. */
    credentials: FlowCredentials.optional(),
    /** What they were encrypted with: `credentialSecret` of its settings.js, or `_credentialSecret` of its .config.runtime.json. */
    credentialSecret: z.string().max(1000).optional(),
    /** The content of its package-lock.json: what the modules need comes in those versions. One that does not fit is left out. */
    lock: z.string().max(MAX_LOCK_CHARACTERS).optional(),
    /** The dependencies in its package.json. */
    modules: z
      .record(ModuleName, ModuleVersion)
      .refine(
        (modules) => Object.keys(modules).length <= MOST_MODULES,
        `has more than ${MOST_MODULES} modules`,
      )
      .optional(),
  }),
  response: InstanceView,
  status: 201,
  maxBodyBytes: LARGE_BODY_BYTES,
});

export const getInstance = operation('getInstance', {
  method: 'GET',
  path: '/instances/:id',
  summary: 'One hosted instance',
  params: IdParams,
  response: InstanceView,
});

export const updateInstance = operation('updateInstance', {
  method: 'PATCH',
  path: '/instances/:id',
  summary: 'Change a hosted instance; its name stays',
  params: IdParams,
  body: z.strictObject({ description: Description.optional() }),
  response: InstanceView,
});

export const deleteInstance = operation('deleteInstance', {
  method: 'DELETE',
  path: '/instances/:id',
  summary: 'Stop and delete a hosted instance; refused while a pipeline or device uses it',
  params: IdParams,
  response: NoContent,
  status: 204,
});

/** `start-limp` leaves out the flows that the last crash came from. */
export const InstanceAction = z.enum(['start', 'stop', 'restart', 'suspend', 'start-limp']);
export type InstanceAction = z.infer<typeof InstanceAction>;

export const controlInstance = operation('controlInstance', {
  method: 'POST',
  path: '/instances/:id/actions',
  summary:
    'Start, also without the flows that crash, stop, restart or suspend; the state follows on the topic `instance/ID`',
  params: IdParams,
  body: z.strictObject({ action: InstanceAction }),
  response: InstanceView,
  status: 202,
});

/** Flows as they are stored. Credentials, encrypted, go only to the instance itself. */
export const StoredFlows = z.object({
  revision: z.number().int(),
  flows: Flows,
  credentials: FlowCredentials.optional(),
});
export type StoredFlows = z.infer<typeof StoredFlows>;

export const getFlows = operation('getFlows', {
  method: 'GET',
  path: '/instances/:id/flows',
  summary: 'The flows of an instance',
  params: IdParams,
  response: StoredFlows,
});

export const putFlows = operation('putFlows', {
  method: 'PUT',
  path: '/instances/:id/flows',
  summary: 'Replace the flows of an instance; refused when they were changed since `revision`',
  params: IdParams,
  body: z.strictObject({
    revision: z.int32(),
    flows: Flows,
    credentials: FlowCredentials.optional(),
  }),
  response: z.object({ revision: z.number().int() }),
  maxBodyBytes: LARGE_BODY_BYTES,
});

export const LogLine = z.object({
  at: Time,
  level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']),
  text: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

export const LogQuery = z.strictObject({ lines: z.coerce.number().int().min(1).max(2000).default(200) });
/** Over all of the log that is kept. */
export const LogSearchQuery = LogQuery.extend({
  /** This level and what is graver. */
  level: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).optional(),
  search: z.string().max(200).optional(),
});

export const LogPage = z.object({ items: z.array(LogLine) });

export const getInstanceLogs = operation('getInstanceLogs', {
  method: 'GET',
  path: '/instances/:id/logs',
  summary: 'The last lines of the log that match, oldest first; new ones come on the topic `instance/ID/log`',
  params: IdParams,
  query: LogSearchQuery,
  response: LogPage,
});

export const exportInstanceLogs = operation('exportInstanceLogs', {
  method: 'GET',
  path: '/instances/:id/logs/export',
  summary: 'All of the log that is kept, as text, oldest first',
  params: IdParams,
  response: z.string(),
  contentType: 'text/plain',
});

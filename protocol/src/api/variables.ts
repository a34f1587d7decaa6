import { z } from 'zod';
import { Id, VariableName } from '../names.ts';
import { operation } from '../operation.ts';
import { Origin } from './settings.ts';

const IdParams = z.strictObject({ id: Id });

export const VariableView = z.object({
  name: z.string(),
  /** Null when it is secret: those can be set and used, not read. */
  value: z.string().nullable(),
  secret: z.boolean(),
});
export type VariableView = z.infer<typeof VariableView>;

export const VariableValue = z.string().max(100_000, 'must have at most 100000 characters');

export const VariableInput = z.strictObject({
  name: VariableName,
  /** Left out for a secret that stays as it is. */
  value: VariableValue.optional(),
  secret: z.boolean().default(false),
});
export type VariableInput = z.infer<typeof VariableInput>;

const VariableList = z.object({ items: z.array(VariableView) });
export const VariablesBody = z.strictObject({ items: z.array(VariableInput).max(500) });

/** A variable as it counts for an instance. */
export const ResolvedVariable = VariableView.extend({
  origin: Origin,
  /** The template does not let the instance say otherwise. */
  locked: z.boolean(),
});
export type ResolvedVariable = z.infer<typeof ResolvedVariable>;

const InstanceVariables = z.object({
  /** Those of the instance itself. */
  items: z.array(VariableView),
  /** Those of all levels, with where each comes from. */
  resolved: z.array(ResolvedVariable),
  /** The instance runs with others, until it is restarted. */
  restartNeeded: z.boolean(),
});
export type InstanceVariables = z.infer<typeof InstanceVariables>;

export const getInstanceVariables = operation('getInstanceVariables', {
  method: 'GET',
  path: '/instances/:id/env',
  summary: 'Variables of an instance, its own and those from above, with where they come from',
  params: IdParams,
  response: InstanceVariables,
});

export const setInstanceVariables = operation('setInstanceVariables', {
  method: 'PUT',
  path: '/instances/:id/env',
  summary: 'Set the variables of an instance; they hold from its next start',
  params: IdParams,
  body: VariablesBody,
  response: InstanceVariables,
});

export const getTeamVariables = operation('getTeamVariables', {
  method: 'GET',
  path: '/teams/:id/env',
  summary: 'Variables of all hosted instances and devices of a team',
  params: IdParams,
  response: VariableList,
});

export const setTeamVariables = operation('setTeamVariables', {
  method: 'PUT',
  path: '/teams/:id/env',
  summary:
    'Set the variables of a team; instances have them from their next start, devices are started again',
  params: IdParams,
  body: VariablesBody,
  response: VariableList,
});

export const getApplicationVariables = operation('getApplicationVariables', {
  method: 'GET',
  path: '/applications/:id/env',
  summary: 'Variables of all hosted instances and devices of an application',
  params: IdParams,
  response: VariableList,
});

export const setApplicationVariables = operation('setApplicationVariables', {
  method: 'PUT',
  path: '/applications/:id/env',
  summary:
    'Set the variables of an application; instances have them from their next start, devices are started again',
  params: IdParams,
  body: VariablesBody,
  response: VariableList,
});

export const getPlatformVariables = operation('getPlatformVariables', {
  method: 'GET',
  path: '/platform/env',
  summary: 'Variables of every hosted instance',
  response: VariableList,
});

export const setPlatformVariables = operation('setPlatformVariables', {
  method: 'PUT',
  path: '/platform/env',
  summary: 'Set the variables of the platform; instances have them from their next start',
  body: VariablesBody,
  response: VariableList,
});

export const parseVariables = operation('parseVariables', {
  method: 'POST',
  path: '/env/parse',
  summary: 'Read the text of a .env file; nothing is stored',
  body: z.strictObject({ text: z.string().max(200_000, 'must have at most 200000 characters') }),
  response: z.object({
    items: z.array(z.object({ name: z.string(), value: z.string() })),
    refused: z.array(z.object({ name: z.string(), reason: z.string() })),
  }),
});

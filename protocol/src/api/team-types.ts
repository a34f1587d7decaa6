import { z } from 'zod';
import { DisplayName, Id } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';

const IdParams = z.strictObject({ id: Id });
const MAX = 1_000_000;
const Count = z.number().int('is not a whole number').min(0, 'is below 0').max(MAX, `is above ${MAX}`);

/** What a team may have; null is no limit. */
export const TeamLimits = z.strictObject({
  members: Count.min(1, 'is below 1: a team has an owner').nullable(),
  instances: Count.nullable(),
  /** By the id of the instance type; those that are not named have no limit of their own. */
  instancesByType: z.record(Id, Count),
  devices: Count.nullable(),
  /** Snapshots that people take; automatic ones are bounded by themselves. */
  snapshots: Count.nullable(),
  /** Snapshots and deployed flows, each part counted once. Deploying is never refused. */
  storageMb: Count.nullable(),
  /** How many days entries of the audit log are kept. */
  auditDays: Count.min(1, 'is below 1').nullable(),
});
export type TeamLimits = z.infer<typeof TeamLimits>;

/** Some of the limits, the others staying as they are. */
export const TeamLimitsChange = TeamLimits.partial();
export type TeamLimitsChange = z.infer<typeof TeamLimitsChange>;

export const NO_LIMITS: TeamLimits = {
  members: null,
  instances: null,
  instancesByType: {},
  devices: null,
  snapshots: null,
  storageMb: null,
  auditDays: null,
};

/** What a team may have or not, as a whole. */
export const TEAM_FEATURES = ['devices', 'pipelines', 'webhooks', 'http-tokens', 'blueprints'] as const;
export const TeamFeature = z.enum(TEAM_FEATURES);
export type TeamFeature = z.infer<typeof TeamFeature>;

const Price = z.number().min(0, 'is below 0').max(1_000_000, 'is above 1000000');

/** What a type leaves out, and what it costs. */
export const TeamTerms = z.strictObject({
  /** Features that its teams do not have. What is there goes on. */
  without: z.array(TeamFeature).max(TEAM_FEATURES.length),
  /** For a device and month, in the currency of the platform; null is none. */
  devicePrice: Price.nullable(),
  /** How much of the sum of a month is free. */
  allowance: Price.nullable(),
});
export type TeamTerms = z.infer<typeof TeamTerms>;

export const NO_TERMS: TeamTerms = { without: [], devicePrice: null, allowance: null };

export const TeamTypeView = z.object({
  id: Id,
  name: z.string(),
  limits: TeamLimits,
  ...TeamTerms.shape,
  /** The type of a team that is made without naming one. */
  default: z.boolean(),
  teams: z.number().int(),
});
export type TeamTypeView = z.infer<typeof TeamTypeView>;

export const listTeamTypes = operation('listTeamTypes', {
  method: 'GET',
  path: '/team-types',
  summary: 'Team types and their limits',
  query: ListQuery,
  response: pageOf(TeamTypeView),
});

export const createTeamType = operation('createTeamType', {
  method: 'POST',
  path: '/team-types',
  summary: 'Make a team type; limits that are left out are none',
  body: z.strictObject({
    name: DisplayName,
    limits: TeamLimitsChange.optional(),
    ...TeamTerms.partial().shape,
  }),
  response: TeamTypeView,
  status: 201,
});

export const updateTeamType = operation('updateTeamType', {
  method: 'PATCH',
  path: '/team-types/:id',
  summary: 'Change a team type; what teams have beyond a new limit stays, they cannot add to it',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    limits: TeamLimitsChange.optional(),
    ...TeamTerms.partial().shape,
    default: z.literal(true).optional(),
  }),
  response: TeamTypeView,
});

export const deleteTeamType = operation('deleteTeamType', {
  method: 'DELETE',
  path: '/team-types/:id',
  summary: 'Delete a team type; refused while teams have it or it is the default',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const UsageItem = z.object({
  /** `members`, `instances`, `instancesByType.ID`, `devices`, `snapshots` or `storageMb`. */
  limit: z.string(),
  /** For people: "Hosted instances". */
  name: z.string(),
  allowed: z.number().int().nullable(),
  have: z.number().int(),
});
export type UsageItem = z.infer<typeof UsageItem>;

export const MissingFeature = z.object({
  feature: TeamFeature,
  name: z.string(),
  /** How many there are; they go on, and can only be looked at and deleted. */
  have: z.number().int(),
});
export type MissingFeature = z.infer<typeof MissingFeature>;

export const getTeamUsage = operation('getTeamUsage', {
  method: 'GET',
  path: '/teams/:id/usage',
  summary: 'What a team has of what it may have, or what it might have with another type',
  params: IdParams,
  query: z.strictObject({ teamTypeId: Id.optional() }),
  response: z.object({ items: z.array(UsageItem), without: z.array(MissingFeature) }),
});

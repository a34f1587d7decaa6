import { z } from 'zod';
import { Role } from '../access.ts';
import { DisplayName, Id, Slug, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { RuntimeStatus } from '../status.ts';
import { DeploymentView } from './deployments.ts';
import { TeamFeature } from './team-types.ts';

const IdParams = z.strictObject({ id: Id });

export const TeamView = z.object({
  id: Id,
  name: z.string(),
  slug: z.string(),
  teamTypeId: Id,
  /** The role of whoever asks; null for an administrator who is not a member. */
  role: Role.nullable(),
  /** Its instances stand still, and nothing in it can be changed. */
  suspended: z.boolean(),
  /** Features that its type leaves out. */
  without: z.array(TeamFeature),
  createdAt: Time,
});
export type TeamView = z.infer<typeof TeamView>;

export const listTeams = operation('listTeams', {
  method: 'GET',
  path: '/teams',
  summary: 'Teams of the person who asks; for administrators all',
  query: ListQuery,
  response: pageOf(TeamView),
});

export const createTeam = operation('createTeam', {
  method: 'POST',
  path: '/teams',
  summary: 'Make a team; its creator becomes an owner',
  body: z.strictObject({ name: DisplayName, slug: Slug.optional(), teamTypeId: Id.optional() }),
  response: TeamView,
  status: 201,
});

export const getTeam = operation('getTeam', {
  method: 'GET',
  path: '/teams/:id',
  summary: 'One team',
  params: IdParams,
  response: TeamView,
});

export const updateTeam = operation('updateTeam', {
  method: 'PATCH',
  path: '/teams/:id',
  summary: 'Change a team',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    slug: Slug.optional(),
    /** By administrators; refused while the team has more than that type allows. */
    teamTypeId: Id.optional(),
  }),
  response: TeamView,
});

export const deleteTeam = operation('deleteTeam', {
  method: 'DELETE',
  path: '/teams/:id',
  summary: 'Delete a team; it can be brought back for seven days',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const MemberView = z.object({
  userId: Id,
  username: z.string(),
  name: z.string(),
  role: Role,
  since: Time,
});
export type MemberView = z.infer<typeof MemberView>;

const MemberParams = z.strictObject({ id: Id, userId: Id });

export const listMembers = operation('listMembers', {
  method: 'GET',
  path: '/teams/:id/members',
  summary: 'People of a team',
  params: IdParams,
  query: ListQuery,
  response: pageOf(MemberView),
});

export const addMember = operation('addMember', {
  method: 'POST',
  path: '/teams/:id/members',
  summary: 'Add a person of the platform to a team',
  params: IdParams,
  body: z.strictObject({ username: z.string().max(254), role: Role }),
  response: MemberView,
  status: 201,
});

export const updateMember = operation('updateMember', {
  method: 'PATCH',
  path: '/teams/:id/members/:userId',
  summary: 'Change the role of a member; the last owner stays owner',
  params: MemberParams,
  body: z.strictObject({ role: Role }),
  response: MemberView,
});

export const removeMember = operation('removeMember', {
  method: 'DELETE',
  path: '/teams/:id/members/:userId',
  summary: 'Remove a member; the last owner stays',
  params: MemberParams,
  response: NoContent,
  status: 204,
});

export const leaveTeam = operation('leaveTeam', {
  method: 'DELETE',
  path: '/user/teams/:id',
  summary: 'Leave a team; its last owner stays',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const AttentionItem = z.object({
  kind: z.enum(['instance', 'device', 'deployment']),
  id: Id,
  name: z.string(),
  status: z.string(),
  reason: z.string().nullable(),
  since: Time.nullable(),
});
export type AttentionItem = z.infer<typeof AttentionItem>;

/** What a team looks at first: how everything is, and what needs somebody. */
export const TeamOverview = z.object({
  instances: z.partialRecord(RuntimeStatus, z.number().int()),
  devices: z.partialRecord(RuntimeStatus, z.number().int()),
  applications: z.number().int(),
  attention: z.array(AttentionItem),
  deployments: z.array(DeploymentView),
});
export type TeamOverview = z.infer<typeof TeamOverview>;

export const getTeamOverview = operation('getTeamOverview', {
  method: 'GET',
  path: '/teams/:id/overview',
  summary: 'How everything in a team is, and what needs somebody',
  params: IdParams,
  response: TeamOverview,
});

import { z } from 'zod';
import { ApplicationRole, Role } from '../access.ts';
import { Description, DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';

const IdParams = z.strictObject({ id: Id });

export const ApplicationView = z.object({
  id: Id,
  teamId: Id,
  name: z.string(),
  description: z.string(),
  /** The role of whoever asks, with the override of this application applied. */
  role: Role.nullable(),
  counts: z.object({
    instances: z.number().int(),
    devices: z.number().int(),
    deviceGroups: z.number().int(),
    pipelines: z.number().int(),
  }),
  createdAt: Time,
});
export type ApplicationView = z.infer<typeof ApplicationView>;

export const listApplications = operation('listApplications', {
  method: 'GET',
  path: '/teams/:id/applications',
  summary: 'Applications of a team that the person may see',
  params: IdParams,
  query: ListQuery,
  response: pageOf(ApplicationView),
});

export const createApplication = operation('createApplication', {
  method: 'POST',
  path: '/teams/:id/applications',
  summary: 'Make an application',
  params: IdParams,
  body: z.strictObject({ name: DisplayName, description: Description.optional() }),
  response: ApplicationView,
  status: 201,
});

export const getApplication = operation('getApplication', {
  method: 'GET',
  path: '/applications/:id',
  summary: 'One application',
  params: IdParams,
  response: ApplicationView,
});

export const updateApplication = operation('updateApplication', {
  method: 'PATCH',
  path: '/applications/:id',
  summary: 'Change an application',
  params: IdParams,
  body: z.strictObject({ name: DisplayName.optional(), description: Description.optional() }),
  response: ApplicationView,
});

export const deleteApplication = operation('deleteApplication', {
  method: 'DELETE',
  path: '/applications/:id',
  summary: 'Delete an application; refused while it has instances or devices',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const ApplicationRoleView = z.object({ userId: Id, username: z.string(), role: ApplicationRole });

export const listApplicationRoles = operation('listApplicationRoles', {
  method: 'GET',
  path: '/applications/:id/roles',
  summary: 'Roles that differ in this application from those in the team',
  params: IdParams,
  query: ListQuery,
  response: pageOf(ApplicationRoleView),
});

export const setApplicationRole = operation('setApplicationRole', {
  method: 'PUT',
  path: '/applications/:id/roles/:userId',
  summary: 'Give a member another role in this application',
  params: z.strictObject({ id: Id, userId: Id }),
  body: z.strictObject({ role: ApplicationRole }),
  response: ApplicationRoleView,
});

export const removeApplicationRole = operation('removeApplicationRole', {
  method: 'DELETE',
  path: '/applications/:id/roles/:userId',
  summary: 'Give a member the role of the team again',
  params: z.strictObject({ id: Id, userId: Id }),
  response: NoContent,
  status: 204,
});

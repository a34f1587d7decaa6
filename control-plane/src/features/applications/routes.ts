import {
  createApplication,
  deleteApplication,
  getApplication,
  listApplicationRoles,
  listApplications,
  removeApplicationRole,
  setApplicationRole,
  transferApplication,
  updateApplication,
} from '@flowyard/protocol';
import { type Access, requireUser } from '../../access/authorize.ts';
import { mapPage } from '../../db/paging.ts';
import { may, type Route, route } from '../../http/route.ts';
import { presentApplication } from './presenter.ts';
import type { ApplicationService } from './service.ts';
import type { TransferService } from './transfer-service.ts';

interface Parts {
  applications: ApplicationService;
  transfers: TransferService;
  access: Access;
}

export function applicationRoutes({ applications, transfers, access }: Parts): Route[] {
  return [
    route(listApplications, may('team:read', 'team'), async ({ actor, params, query }) => {
      const user = requireUser(actor);
      const roleIn = await access.rolesIn(user, params.id);
      const hidden = await access.hiddenApplications(user, params.id, 'application:read');
      const page = await applications.list(params.id, hidden, query);
      return mapPage(page, (row) => presentApplication(row, roleIn(row.id)));
    }),
    route(createApplication, may('application:create', 'team'), async ({ actor, params, body }) =>
      presentApplication(await applications.create(requireUser(actor), params.id, body), 'owner'),
    ),
    route(getApplication, may('application:read', 'application'), async ({ params, scope }) =>
      presentApplication(await applications.get(params.id), scope.role),
    ),
    route(updateApplication, may('application:edit', 'application'), async ({ actor, params, body, scope }) =>
      presentApplication(await applications.update(requireUser(actor), params.id, body), scope.role),
    ),
    route(transferApplication, may('application:delete', 'application'), async ({ actor, params, body }) => {
      const user = requireUser(actor);
      const row = await transfers.transfer(user, params.id, body.teamId);
      return presentApplication(row, 'owner');
    }),
    route(deleteApplication, may('application:delete', 'application'), ({ actor, params }) =>
      applications.delete(requireUser(actor), params.id),
    ),
    route(listApplicationRoles, may('member:read', 'application'), ({ params, query }) =>
      applications.listRoles(params.id, query),
    ),
    route(setApplicationRole, may('member:edit', 'application'), ({ actor, params, body }) =>
      applications.setRole(requireUser(actor), params.id, params.userId, body.role),
    ),
    route(removeApplicationRole, may('member:edit', 'application'), ({ actor, params }) =>
      applications.removeRole(requireUser(actor), params.id, params.userId),
    ),
  ];
}

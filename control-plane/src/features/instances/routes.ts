import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  controlInstance,
  createInstance,
  deleteInstance,
  exportInstanceLogs,
  getFlows,
  getInstance,
  getInstanceLogs,
  getInstanceVariables,
  importInstance,
  listInstances,
  listTeamInstances,
  putFlows,
  setInstanceVariables,
  updateInstance,
} from '@flowyard/protocol';
import { type Access, requireUser } from '../../access/authorize.ts';
import { mapPage } from '../../db/paging.ts';
import type { Driver } from '../../drivers/driver.ts';
import { bearerOf } from '../../http/authenticate.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { BlueprintService } from '../blueprints/service.ts';
import { takesSecrets } from './copy.ts';
import type { FlowsService } from './flows-service.ts';
import type { InstanceService } from './service.ts';

interface Parts {
  instances: InstanceService;
  flows: FlowsService;
  driver: Driver;
  access: Access;
  blueprints: BlueprintService;
}

export function instanceRoutes({ instances, flows, driver, access, blueprints }: Parts): Route[] {
  return [
    route(listTeamInstances, may('instance:read', 'team'), async ({ actor, params, query }) => {
      const hidden = await access.hiddenApplications(actor, params.id, 'instance:read');
      return mapPage(await instances.list({ teamId: params.id, hidden }, query), (row) =>
        instances.present(row),
      );
    }),
    route(listInstances, may('instance:read', 'application'), async ({ params, query }) =>
      mapPage(await instances.list({ applicationId: params.id }, query), (row) => instances.present(row)),
    ),
    route(createInstance, may('instance:create', 'application'), async ({ actor, params, body, scope }) => {
      if (body.copyOf) {
        const needed = takesSecrets(body.copyOf) ? 'instance:edit' : 'instance:read';
        await access.authorize(actor, needed, 'instance', body.copyOf.instanceId);
      }
      if (body.blueprintId !== undefined) {
        await blueprints.requireUsable(requireUser(actor), body.blueprintId, scope.teamId);
      }
      return instances.create(actor, { teamId: scope.teamId, applicationId: params.id }, body);
    }),
    route(importInstance, may('instance:create', 'application'), ({ actor, params, body, scope }) => {
      const { flows: nodes, credentials, credentialSecret, modules, lock, ...rest } = body;
      const imported = { flows: nodes, credentials, credentialSecret, modules, lock };
      const place = { teamId: scope.teamId, applicationId: params.id };
      return instances.create(actor, place, { ...rest, imported });
    }),
    route(getInstance, may('instance:read', 'instance'), ({ params }) => instances.view(params.id)),
    route(updateInstance, may('instance:edit', 'instance'), ({ actor, params, body }) =>
      body.description === undefined
        ? instances.view(params.id)
        : instances.setDescription(actor, params.id, body.description),
    ),
    route(deleteInstance, may('instance:delete', 'instance'), ({ actor, params }) =>
      instances.delete(requireUser(actor), params.id),
    ),
    route(controlInstance, may('instance:control', 'instance'), ({ actor, params, body }) =>
      instances.control(actor, params.id, body.action),
    ),
    route(getInstanceVariables, may('instance:read', 'instance'), ({ params }) =>
      instances.variables(params.id),
    ),
    route(setInstanceVariables, may('instance:edit', 'instance'), ({ actor, params, body }) =>
      instances.setVariables(actor, params.id, body.items),
    ),
    route(getFlows, may('instance:read', 'instance'), ({ actor, params }) =>
      flows.read(params.id, actor.kind === 'instance' && actor.instanceId === params.id),
    ),
    route(putFlows, may('instance:edit-flows', 'instance'), async ({ actor, params, body, request }) => {
      const runsAlready =
        actor.kind === 'instance' ||
        (actor.kind === 'user' && actor.via === 'editor' && bearerOf(request) !== null);
      return { revision: await flows.deploy(actor, params.id, body, runsAlready) };
    }),
    route(getInstanceLogs, may('instance:read', 'instance'), async ({ params, query }) => ({
      items: await driver.readLog(params.id, query.lines, query),
    })),
    route(exportInstanceLogs, may('instance:read', 'instance'), async ({ params, response }) => {
      const { name } = await instances.get(params.id);
      response.type('text/plain').attachment(`${name}.log`);
      await pipeline(Readable.from(driver.exportLog(params.id)), response);
      return '';
    }),
  ];
}

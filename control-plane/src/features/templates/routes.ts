import {
  createTemplate,
  deleteTemplate,
  getTemplate,
  listTemplateDrift,
  listTemplates,
  listTemplateVersions,
  restoreTemplateVersion,
  updateTemplate,
} from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { ADMINISTRATOR, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { TemplateService } from './service.ts';

export function templateRoutes({ templates }: { templates: TemplateService }): Route[] {
  return [
    route(listTemplates, SIGNED_IN, async ({ actor, query }) =>
      mapPage(await templates.list(query), (row) => ({
        ...row,
        // How many there are in other teams is not for everybody.
        instances: actor.admin ? row.instances : null,
      })),
    ),
    route(getTemplate, ADMINISTRATOR, ({ params }) => templates.view(params.id)),
    route(createTemplate, ADMINISTRATOR, ({ actor, body }) => templates.create(actor, body)),
    route(updateTemplate, ADMINISTRATOR, ({ actor, params, body }) =>
      templates.update(actor, params.id, body),
    ),
    route(deleteTemplate, ADMINISTRATOR, ({ actor, params }) => templates.delete(actor, params.id)),
    route(listTemplateVersions, ADMINISTRATOR, ({ params, query }) => templates.versions(params.id, query)),
    route(restoreTemplateVersion, ADMINISTRATOR, ({ actor, params, body }) =>
      templates.restore(actor, params.id, body.version),
    ),
    route(listTemplateDrift, ADMINISTRATOR, ({ params, query }) => templates.drift(params.id, query)),
  ];
}

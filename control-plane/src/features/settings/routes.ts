import { getInstanceSettings, putInstanceSettings, setInstanceTemplate } from '@flowyard/protocol';
import { may, type Route, route } from '../../http/route.ts';
import type { SettingsService } from './service.ts';

export function settingsRoutes({ settings }: { settings: SettingsService }): Route[] {
  return [
    route(getInstanceSettings, may('instance:read', 'instance'), ({ params }) => settings.view(params.id)),
    route(putInstanceSettings, may('instance:configure', 'instance'), ({ actor, params, body }) =>
      settings.put(actor, params.id, body.values),
    ),
    route(setInstanceTemplate, may('instance:configure', 'instance'), ({ actor, params, body }) =>
      settings.setTemplate(actor, params.id, body.templateId),
    ),
  ];
}

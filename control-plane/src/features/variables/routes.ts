import {
  getApplicationVariables,
  getDeviceGroupVariables,
  getDeviceVariables,
  getPlatformVariables,
  getTeamVariables,
  parseVariables,
  setApplicationVariables,
  setDeviceGroupVariables,
  setDeviceVariables,
  setPlatformVariables,
  setTeamVariables,
} from '@flowyard/protocol';
import { ADMINISTRATOR, may, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { VariableService } from './service.ts';
import { parseDotEnv } from './variable-input.ts';

export function variableRoutes({ variables }: { variables: VariableService }): Route[] {
  return [
    route(getPlatformVariables, ADMINISTRATOR, async () => ({
      items: await variables.list({ kind: 'platform' }),
    })),
    route(setPlatformVariables, ADMINISTRATOR, async ({ actor, body }) => ({
      items: await variables.set(actor, { kind: 'platform' }, body.items),
    })),
    route(getTeamVariables, may('instance:read', 'team'), async ({ params }) => ({
      items: await variables.list({ kind: 'team', id: params.id }),
    })),
    route(setTeamVariables, may('team:edit', 'team'), async ({ actor, params, body }) => ({
      items: await variables.set(actor, { kind: 'team', id: params.id }, body.items),
    })),
    route(getApplicationVariables, may('instance:read', 'application'), async ({ params }) => ({
      items: await variables.list({ kind: 'application', id: params.id }),
    })),
    route(
      setApplicationVariables,
      may('application:edit', 'application'),
      async ({ actor, params, body }) => ({
        items: await variables.set(actor, { kind: 'application', id: params.id }, body.items),
      }),
    ),
    route(getDeviceVariables, may('device:read', 'device'), ({ params }) => variables.ofDevice(params.id)),
    route(setDeviceVariables, may('device:edit', 'device'), async ({ actor, params, body }) => {
      await variables.set(actor, { kind: 'device', id: params.id }, body.items);
      return variables.ofDevice(params.id);
    }),
    route(getDeviceGroupVariables, may('device-group:read', 'device-group'), ({ params }) =>
      variables.ofGroup(params.id),
    ),
    route(
      setDeviceGroupVariables,
      may('device-group:edit', 'device-group'),
      async ({ actor, params, body }) => {
        await variables.set(actor, { kind: 'device-group', id: params.id }, body.items);
        return variables.ofGroup(params.id);
      },
    ),
    route(parseVariables, SIGNED_IN, async ({ body }) => parseDotEnv(body.text)),
  ];
}

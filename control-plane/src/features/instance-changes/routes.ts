import {
  changeInstance,
  changeStackInstances,
  listInstanceChanges,
  listStackInstances,
  tryStack,
} from '@flowyard/protocol';
import { requireUser } from '../../access/authorize.ts';
import { mapPage } from '../../db/paging.ts';
import { may, type Route, route, SIGNED_IN } from '../../http/route.ts';
import { presentChange } from './presenter.ts';
import type { InstanceChangeService } from './service.ts';
import type { StackInstances } from './stack-instances.ts';
import type { TrialService } from './trials.ts';

interface Parts {
  instanceChanges: InstanceChangeService;
  stackInstances: StackInstances;
  trials: TrialService;
}

export function instanceChangeRoutes({ instanceChanges, stackInstances, trials }: Parts): Route[] {
  return [
    route(listInstanceChanges, may('instance:read', 'instance'), async ({ params, query }) =>
      mapPage(await instanceChanges.list(params.id, query), presentChange),
    ),
    route(changeInstance, may('instance:edit', 'instance'), async ({ actor, params, body }) =>
      presentChange(await instanceChanges.plan(requireUser(actor), params.id, body)),
    ),
    route(tryStack, may('instance:create', 'instance'), ({ actor, params, body }) =>
      trials.make(requireUser(actor), params.id, body.stackId),
    ),
    route(listStackInstances, SIGNED_IN, async ({ actor, params }) => ({
      items: await stackInstances.list(actor, params.id),
    })),
    route(changeStackInstances, SIGNED_IN, async ({ actor, params, body }) => ({
      items: (await stackInstances.change(actor, params.id, body)).map(presentChange),
    })),
  ];
}

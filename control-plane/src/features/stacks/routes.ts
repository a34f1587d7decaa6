import { getStack, installStack, listInstanceTypes, listStacks, listTemplates } from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import type { Stores } from '../../db/stores.ts';
import { ADMINISTRATOR, type Route, route, SIGNED_IN } from '../../http/route.ts';
import { presentStack, type StackService } from './service.ts';

export function catalogueRoutes({ stacks, stores }: { stacks: StackService; stores: Stores }): Route[] {
  return [
    route(listStacks, SIGNED_IN, async ({ query }) => mapPage(await stacks.list(query), presentStack)),
    route(getStack, SIGNED_IN, async ({ params }) => presentStack(await stacks.get(params.id))),
    route(installStack, ADMINISTRATOR, async ({ actor, params }) =>
      presentStack(await stacks.install(actor, params.id)),
    ),
    route(listInstanceTypes, SIGNED_IN, ({ query }) => stores.catalogue.listInstanceTypes(query)),
    route(listTemplates, SIGNED_IN, ({ query }) => stores.catalogue.listTemplates(query)),
  ];
}

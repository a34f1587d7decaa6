import { actOnStack, createStack, deleteStack, getStack, listStacks, updateStack } from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { ADMINISTRATOR, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { StackAdministration } from './administration.ts';
import { presentStack, type StackService } from './service.ts';

interface Parts {
  stacks: StackService;
  stackAdministration: StackAdministration;
}

export function catalogueRoutes({ stacks, stackAdministration }: Parts): Route[] {
  return [
    route(listStacks, SIGNED_IN, async ({ query }) => mapPage(await stacks.list(query), presentStack)),
    route(getStack, SIGNED_IN, async ({ params }) => presentStack(await stacks.get(params.id))),
    route(createStack, ADMINISTRATOR, async ({ actor, body }) =>
      presentStack(await stackAdministration.create(actor, body)),
    ),
    route(updateStack, ADMINISTRATOR, async ({ actor, params, body }) =>
      presentStack(await stackAdministration.update(actor, params.id, body)),
    ),
    route(deleteStack, ADMINISTRATOR, ({ actor, params }) => stackAdministration.delete(actor, params.id)),
    route(actOnStack, ADMINISTRATOR, async ({ actor, params, body }) =>
      presentStack(
        body.action === 'remove'
          ? await stacks.remove(actor, params.id)
          : await stacks.install(actor, params.id),
      ),
    ),
  ];
}

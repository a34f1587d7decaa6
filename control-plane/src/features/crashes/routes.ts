import { type CrashView, listCrashes } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { CrashRow } from './store.ts';

export function crashRoutes({ stores }: { stores: Stores }): Route[] {
  return [
    route(listCrashes, may('instance:read', 'instance'), async ({ params }) => ({
      items: (await stores.crashes.list(params.id)).map(present),
    })),
  ];
}

function present({ instanceId: _, ...row }: CrashRow): CrashView {
  return row;
}

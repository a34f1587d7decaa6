import {
  createInstanceType,
  deleteInstanceType,
  type InstanceTypeView,
  listInstanceTypes,
  updateInstanceType,
} from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { ADMINISTRATOR, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { InstanceTypeService } from './service.ts';
import type { InstanceTypeRow } from './store.ts';

function present({ moving: _, ...view }: InstanceTypeRow): InstanceTypeView {
  return view;
}

export function instanceTypeRoutes(instanceTypes: InstanceTypeService): Route[] {
  return [
    route(listInstanceTypes, SIGNED_IN, async ({ query }) => {
      const { limits, ...page } = await instanceTypes.list(query);
      return { ...mapPage(page, present), limits };
    }),
    route(createInstanceType, ADMINISTRATOR, async ({ actor, body }) =>
      present(await instanceTypes.create(actor, body)),
    ),
    route(updateInstanceType, ADMINISTRATOR, async ({ actor, params, body }) =>
      present(await instanceTypes.update(actor, params.id, body)),
    ),
    route(deleteInstanceType, ADMINISTRATOR, ({ actor, params }) => instanceTypes.delete(actor, params.id)),
  ];
}

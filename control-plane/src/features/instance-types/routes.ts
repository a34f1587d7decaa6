import {
  createInstanceType,
  deleteInstanceType,
  listInstanceTypes,
  updateInstanceType,
} from '@flowyard/protocol';
import { ADMINISTRATOR, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { InstanceTypeService } from './service.ts';

export function instanceTypeRoutes(instanceTypes: InstanceTypeService): Route[] {
  return [
    route(listInstanceTypes, SIGNED_IN, ({ query }) => instanceTypes.list(query)),
    route(createInstanceType, ADMINISTRATOR, ({ actor, body }) => instanceTypes.create(actor, body)),
    route(updateInstanceType, ADMINISTRATOR, ({ actor, params, body }) =>
      instanceTypes.update(actor, params.id, body),
    ),
    route(deleteInstanceType, ADMINISTRATOR, ({ actor, params }) => instanceTypes.delete(actor, params.id)),
  ];
}

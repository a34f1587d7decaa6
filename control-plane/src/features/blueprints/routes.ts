import {
  applyBlueprint,
  createBlueprint,
  deleteBlueprint,
  getBlueprint,
  getBlueprintPicture,
  getInstanceBlueprint,
  listBlueprints,
  updateBlueprint,
} from '@flowyard/protocol';
import { requireUser } from '../../access/authorize.ts';
import { may, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { InstanceService } from '../instances/service.ts';
import { presentSnapshot } from '../snapshots/presenter.ts';
import { PICTURE_POLICY } from './picture.ts';
import type { BlueprintService } from './service.ts';
import type { BlueprintUpdateService } from './update-service.ts';

interface Parts {
  blueprints: BlueprintService;
  blueprintUpdates: BlueprintUpdateService;
  instances: InstanceService;
}

export function blueprintRoutes({ blueprints, blueprintUpdates, instances }: Parts): Route[] {
  return [
    route(listBlueprints, SIGNED_IN, ({ actor, query }) => blueprints.list(actor, query)),
    route(createBlueprint, SIGNED_IN, ({ actor, body }) => blueprints.create(actor, body)),
    route(getBlueprint, SIGNED_IN, ({ actor, params }) => blueprints.view(actor, params.id)),
    route(getBlueprintPicture, SIGNED_IN, async ({ actor, params, query, response }) => {
      const { type, bytes } = await blueprints.picture(actor, params.id);
      response
        .set({
          'Content-Type': type,
          'Content-Security-Policy': PICTURE_POLICY,
          'X-Content-Type-Options': 'nosniff',
          'Cache-Control': query.v === undefined ? 'no-cache' : 'private, max-age=86400',
        })
        .end(bytes);
      return '';
    }),
    route(updateBlueprint, SIGNED_IN, ({ actor, params, body }) => blueprints.update(actor, params.id, body)),
    route(deleteBlueprint, SIGNED_IN, ({ actor, params }) => blueprints.delete(actor, params.id)),
    route(getInstanceBlueprint, may('instance:read', 'instance'), ({ actor, params }) =>
      blueprintUpdates.state(requireUser(actor), params.id),
    ),
    route(applyBlueprint, may('snapshot:restore', 'instance'), async ({ actor, params, body }) => {
      const safetySnapshot = presentSnapshot(
        await blueprintUpdates.apply(requireUser(actor), params.id, body),
      );
      return { instance: await instances.view(params.id), safetySnapshot };
    }),
  ];
}

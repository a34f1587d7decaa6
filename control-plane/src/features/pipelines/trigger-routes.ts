import { createTrigger, deleteTrigger, listTriggers, pullTrigger } from '@flowyard/protocol';
import { requireUser } from '../../access/authorize.ts';
import { may, open, type Route, route } from '../../http/route.ts';
import type { TriggerService } from './trigger-service.ts';

export function triggerRoutes({ triggers }: { triggers: TriggerService }): Route[] {
  return [
    route(listTriggers, may('pipeline:read', 'stage'), ({ params }) => triggers.list(params.id)),
    route(createTrigger, may('pipeline:edit', 'stage'), ({ actor, params, body }) =>
      triggers.create(requireUser(actor), params.id, body),
    ),
    route(deleteTrigger, may('pipeline:edit', 'stage'), ({ actor, params }) =>
      triggers.delete(requireUser(actor), params.id, params.triggerId),
    ),
    route(pullTrigger, open('the token in the path is the proof'), ({ params, body }) =>
      triggers.pull(params.token, body.snapshotId),
    ),
  ];
}

import {
  acceptInvitation,
  acceptInvitationLink,
  createInvitation,
  declineInvitation,
  joinByInvitationLink,
  listInvitations,
  listOwnInvitations,
  readInvitationLink,
  renewInvitation,
  withdrawInvitation,
} from '@flowyard/protocol';
import { requireUser } from '../../access/authorize.ts';
import { mapPage } from '../../db/paging.ts';
import { RateLimit } from '../../http/rate-limit.ts';
import { ACCOUNT, may, open, type Route, route } from '../../http/route.ts';
import { presentUser } from '../users/presenter.ts';
import type { SessionGiver } from '../users/session-giver.ts';
import { presentInvitation, presentOwnInvitation } from './presenter.ts';
import type { InvitationService } from './service.ts';

interface Parts {
  invitations: InvitationService;
  sessionGiver: SessionGiver;
}

const MINUTE_MS = 60_000;

export function invitationRoutes({ invitations, sessionGiver }: Parts): Route[] {
  const sending = new RateLimit({ times: 100, perMs: 60 * MINUTE_MS, what: 'invitations' });
  const opening = new RateLimit({ times: 30, perMs: MINUTE_MS, what: 'attempts' });
  return [
    route(listInvitations, may('invitation:read', 'team'), async ({ params, query }) =>
      mapPage(await invitations.listOfTeam(params.id, query), presentInvitation),
    ),
    route(createInvitation, may('member:edit', 'team'), ({ actor, params, body }) => {
      const user = requireUser(actor);
      sending.take(user.userId);
      return invitations.create(user, params.id, body);
    }),
    route(renewInvitation, may('member:edit', 'team'), ({ actor, params }) => {
      const user = requireUser(actor);
      sending.take(user.userId);
      return invitations.renew(user, params.id, params.invitationId);
    }),
    route(withdrawInvitation, may('member:edit', 'team'), ({ actor, params }) =>
      invitations.withdraw(requireUser(actor), params.id, params.invitationId),
    ),
    route(listOwnInvitations, ACCOUNT, async ({ actor, query }) =>
      mapPage(await invitations.listOwn(actor, query), presentOwnInvitation),
    ),
    route(acceptInvitation, ACCOUNT, ({ actor, params }) => invitations.accept(actor, params.id)),
    route(declineInvitation, ACCOUNT, ({ actor, params }) => invitations.decline(actor, params.id)),
    route(readInvitationLink, open('the link is the proof'), ({ body, request }) => {
      opening.take(request.ip ?? '');
      return invitations.readLink(body.token);
    }),
    route(acceptInvitationLink, ACCOUNT, ({ actor, body }) => invitations.acceptLink(actor, body.token)),
    route(joinByInvitationLink, open('the link is the proof'), async ({ body, request, response }) => {
      opening.take(request.ip ?? '');
      const { token, ...input } = body;
      const { user, teamId } = await invitations.joinByLink(token, input, request.ip ?? null);
      await sessionGiver.give(user, request, response);
      return { user: presentUser(user), teamId };
    }),
  ];
}

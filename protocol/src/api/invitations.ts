import { z } from 'zod';
import { Role } from '../access.ts';
import { DisplayName, Id, Password, Time, Username } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { UserView } from './session.ts';

const IdParams = z.strictObject({ id: Id });
const InvitationParams = z.strictObject({ id: Id, invitationId: Id });
const Token = z.string().max(200);

/** An invitation as the owners of the team see it. */
export const InvitationView = z.object({
  id: Id,
  /** A user name, or an e-mail address. */
  invitee: z.string(),
  /** Whether it is for one account; otherwise whoever has the link may come. */
  forAccount: z.boolean(),
  role: Role,
  /** The user name of who invited them. */
  invitedBy: z.string(),
  createdAt: Time,
  expiresAt: Time,
  expired: z.boolean(),
});
export type InvitationView = z.infer<typeof InvitationView>;

/** An invitation that was just made or renewed. */
export const SentInvitation = z.object({
  invitation: InvitationView,
  /** Shown this once; earlier links of the invitation do not work any more. */
  link: z.string(),
  /** Whether the link was also sent by e-mail. */
  mailed: z.boolean(),
});
export type SentInvitation = z.infer<typeof SentInvitation>;

export const listInvitations = operation('listInvitations', {
  method: 'GET',
  path: '/teams/:id/invitations',
  summary: 'Who is invited to a team and has not answered',
  params: IdParams,
  query: ListQuery,
  response: pageOf(InvitationView),
});

export const createInvitation = operation('createInvitation', {
  method: 'POST',
  path: '/teams/:id/invitations',
  summary: 'Invite somebody by user name or e-mail address; good for seven days',
  params: IdParams,
  body: z.strictObject({ invitee: z.string().trim().min(1, 'must not be empty').max(254), role: Role }),
  response: SentInvitation,
  status: 201,
});

export const renewInvitation = operation('renewInvitation', {
  method: 'POST',
  path: '/teams/:id/invitations/:invitationId',
  summary: 'Send an invitation again: with a new link, for another seven days',
  params: InvitationParams,
  response: SentInvitation,
});

export const withdrawInvitation = operation('withdrawInvitation', {
  method: 'DELETE',
  path: '/teams/:id/invitations/:invitationId',
  summary: 'Take an invitation back',
  params: InvitationParams,
  response: NoContent,
  status: 204,
});

/** An invitation as the person sees it who is invited. */
export const OwnInvitation = z.object({
  id: Id,
  teamName: z.string(),
  role: Role,
  invitedBy: z.string(),
  expiresAt: Time,
});
export type OwnInvitation = z.infer<typeof OwnInvitation>;

const Joined = z.object({ teamId: Id });

export const listOwnInvitations = operation('listOwnInvitations', {
  method: 'GET',
  path: '/user/invitations',
  summary: 'Teams that one is invited to',
  query: ListQuery,
  response: pageOf(OwnInvitation),
});

export const acceptInvitation = operation('acceptInvitation', {
  method: 'POST',
  path: '/user/invitations/:id',
  summary: 'Join a team that one is invited to',
  params: IdParams,
  response: Joined,
});

export const declineInvitation = operation('declineInvitation', {
  method: 'DELETE',
  path: '/user/invitations/:id',
  summary: 'Decline an invitation',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const readInvitationLink = operation('readInvitationLink', {
  method: 'POST',
  path: '/invitation-links/read',
  summary: 'What the link of an invitation leads to',
  body: z.strictObject({ token: Token }),
  response: z.object({
    teamName: z.string(),
    role: Role,
    invitedBy: z.string(),
    expiresAt: Time,
    /** The account it is for; null when whoever has the link may come, also with a new account. */
    username: z.string().nullable(),
  }),
});

export const acceptInvitationLink = operation('acceptInvitationLink', {
  method: 'POST',
  path: '/invitation-links/accept',
  summary: 'Join a team with the link of an invitation',
  body: z.strictObject({ token: Token }),
  response: Joined,
});

export const joinByInvitationLink = operation('joinByInvitationLink', {
  method: 'POST',
  path: '/invitation-links/join',
  summary: 'Make an account with the link of an invitation, join the team, and sign in',
  body: z.strictObject({
    token: Token,
    username: Username,
    name: DisplayName.optional(),
    password: Password,
  }),
  response: z.object({ user: UserView, teamId: Id }),
  status: 201,
});

import { z } from 'zod';
import { DisplayName, Id, Password, Time, Username } from '../names.ts';
import { NoContent, operation } from '../operation.ts';
import { Email, UserView } from './session.ts';

/** What administrators decide for the whole platform. */
export const PlatformSettings = z.strictObject({
  /** Whether people may make an account for themselves on the sign-in page. */
  signUp: z.boolean(),
  /** Who may make teams. */
  teamCreation: z.enum(['everybody', 'administrators']),
  /** Whether single sign-on may lead into an existing account that has the same verified e-mail address. */
  linkByEmail: z.boolean(),
  /** What prices are in, as people write it, for example EUR; nothing is converted. */
  currency: z.string().trim().max(12, 'has more than 12 characters'),
});
export type PlatformSettings = z.infer<typeof PlatformSettings>;

export const DEFAULT_PLATFORM_SETTINGS: PlatformSettings = {
  signUp: false,
  teamCreation: 'everybody',
  linkByEmail: false,
  currency: '',
};

export const getPlatformSettings = operation('getPlatformSettings', {
  method: 'GET',
  path: '/platform-settings',
  summary: 'Settings of the whole platform',
  response: PlatformSettings,
});

export const updatePlatformSettings = operation('updatePlatformSettings', {
  method: 'PATCH',
  path: '/platform-settings',
  summary: 'Change settings of the whole platform; those that are left out stay',
  body: PlatformSettings.partial(),
  response: PlatformSettings,
});

export const getSignInOptions = operation('getSignInOptions', {
  method: 'GET',
  path: '/sign-in-options',
  summary: 'What the sign-in page offers besides a password',
  response: z.object({
    signUp: z.boolean(),
    /** Whether "Forgot your password?" can send an e-mail. */
    passwordReset: z.boolean(),
    /** The label of the button of single sign-on; null without one. */
    singleSignOn: z.string().nullable(),
  }),
});

export const signUp = operation('signUp', {
  method: 'POST',
  path: '/sign-up',
  summary: 'Make an account for oneself and sign in; where the platform allows it',
  body: z.strictObject({
    username: Username,
    name: DisplayName.optional(),
    email: Email.optional(),
    password: Password,
  }),
  response: UserView,
  status: 201,
});

export const requestPasswordReset = operation('requestPasswordReset', {
  method: 'POST',
  path: '/password-reset-requests',
  summary: 'Ask for a link to a new password by e-mail; the answer does not tell whether the account exists',
  body: z.strictObject({ login: z.string().min(1, 'must not be empty').max(254) }),
  response: NoContent,
  status: 204,
});

export const createPasswordReset = operation('createPasswordReset', {
  method: 'POST',
  path: '/users/:id/password-reset',
  summary: 'Make a one-time link with which a person sets a new password; shown this once, good for an hour',
  params: z.strictObject({ id: Id }),
  response: z.object({ link: z.string(), expiresAt: Time }),
  status: 201,
});

export const resetPassword = operation('resetPassword', {
  method: 'POST',
  path: '/password-resets',
  summary: 'Set a new password with a one-time link; ends all sessions of the person',
  body: z.strictObject({ token: z.string().max(200), password: Password }),
  response: NoContent,
  status: 204,
});

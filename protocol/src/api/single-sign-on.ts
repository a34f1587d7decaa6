import { z } from 'zod';
import { NoContent, operation } from '../operation.ts';

const Text = z.string().max(4000);

export const startSingleSignOn = operation('startSingleSignOn', {
  method: 'GET',
  path: '/single-sign-on/start',
  summary: 'Sends the browser to the provider of single sign-on',
  query: z.strictObject({ continue: z.string().max(2000).optional() }),
  response: NoContent,
});

/** What providers add to the address to which they send people back. */
export const finishSingleSignOn = operation('finishSingleSignOn', {
  method: 'GET',
  path: '/single-sign-on/callback',
  summary: 'Where the provider of single sign-on sends the browser back; signs in',
  query: z.strictObject({
    code: Text.optional(),
    state: Text.optional(),
    iss: Text.optional(),
    error: Text.optional(),
    error_description: Text.optional(),
    error_uri: Text.optional(),
    session_state: Text.optional(),
    scope: Text.optional(),
    authuser: Text.optional(),
    hd: Text.optional(),
    prompt: Text.optional(),
  }),
  response: NoContent,
});

/** Why a single sign-on did not work, for the sign-in page. */
export const SIGN_ON_PROBLEMS = ['provider-away', 'refused', 'expired', 'suspended'] as const;
export type SignOnProblem = (typeof SIGN_ON_PROBLEMS)[number];

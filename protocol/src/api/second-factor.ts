import { z } from 'zod';
import { Id } from '../names.ts';
import { NoContent, operation } from '../operation.ts';

/** Six digits of an authenticator app, or a recovery code. */
export const SecondFactorCode = z.string().trim().min(6, 'has at least 6 characters').max(20);
const OwnPassword = z.strictObject({ password: z.string().max(256) });
const RecoveryCodes = z.object({ recoveryCodes: z.array(z.string()) });

export const SecondFactorView = z.object({ enabled: z.boolean(), recoveryCodesLeft: z.number().int() });
export type SecondFactorView = z.infer<typeof SecondFactorView>;

export const getSecondFactor = operation('getSecondFactor', {
  method: 'GET',
  path: '/user/second-factor',
  summary: 'Whether signing in takes a code besides the password',
  response: SecondFactorView,
});

export const prepareSecondFactor = operation('prepareSecondFactor', {
  method: 'POST',
  path: '/user/second-factor',
  summary: 'Make the secret for an authenticator app; it counts once a code of it was confirmed',
  body: OwnPassword,
  response: z.object({ secret: z.string(), uri: z.string() }),
  status: 201,
});

export const confirmSecondFactor = operation('confirmSecondFactor', {
  method: 'PUT',
  path: '/user/second-factor',
  summary: 'Turn the second factor on with a first code; the recovery codes are shown this once',
  body: z.strictObject({ code: SecondFactorCode }),
  response: RecoveryCodes,
});

export const renewRecoveryCodes = operation('renewRecoveryCodes', {
  method: 'POST',
  path: '/user/second-factor/recovery-codes',
  summary: 'Make new recovery codes; the old ones end',
  body: OwnPassword,
  response: RecoveryCodes,
  status: 201,
});

export const disableSecondFactor = operation('disableSecondFactor', {
  method: 'POST',
  path: '/user/second-factor/disable',
  summary: 'Turn the second factor off',
  body: OwnPassword,
  response: NoContent,
  status: 204,
});

export const resetSecondFactor = operation('resetSecondFactor', {
  method: 'DELETE',
  path: '/users/:id/second-factor',
  summary: 'Turn off the second factor of a person who lost it',
  params: z.strictObject({ id: Id }),
  response: NoContent,
  status: 204,
});

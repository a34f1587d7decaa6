import { z } from 'zod';
import { DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { UserView } from './session.ts';

const Base64Url = (max: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max)
    .regex(/^[A-Za-z0-9_-]*$/, 'is not base64url');
const IdParams = z.strictObject({ id: Id });
const PasskeyTransport = z.enum(['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']);

/** What the browser's `navigator.credentials` takes, as JSON, and the challenge to name with the answer. */
const PasskeyOptions = z.object({ challengeId: Id, options: z.looseObject({ challenge: z.string() }) });

/** What an authenticator says when it made a passkey; bytes are base64url. */
const PasskeyAttestation = z.strictObject({
  id: Base64Url(1400),
  clientDataJSON: Base64Url(4000),
  attestationObject: Base64Url(20_000),
  transports: z.array(PasskeyTransport).max(10).optional(),
});
export type PasskeyAttestation = z.infer<typeof PasskeyAttestation>;

/** What an authenticator says when a passkey is used; bytes are base64url. */
const PasskeyAssertion = z.strictObject({
  id: Base64Url(1400),
  clientDataJSON: Base64Url(4000),
  authenticatorData: Base64Url(4000),
  signature: Base64Url(4000),
});
export type PasskeyAssertion = z.infer<typeof PasskeyAssertion>;

export const PasskeyView = z.object({
  id: Id,
  name: z.string(),
  createdAt: Time,
  lastUsedAt: Time.nullable(),
});
export type PasskeyView = z.infer<typeof PasskeyView>;

export const listPasskeys = operation('listPasskeys', {
  method: 'GET',
  path: '/user/passkeys',
  summary: 'Own passkeys',
  query: ListQuery,
  response: pageOf(PasskeyView),
});

export const preparePasskey = operation('preparePasskey', {
  method: 'POST',
  path: '/user/passkeys/options',
  summary: 'Begin to make a passkey: what the browser needs for it, good for five minutes and once',
  /** The password may be left out within ten minutes after the sign-in. */
  body: z.strictObject({ password: z.string().max(256).optional() }),
  response: PasskeyOptions,
  status: 201,
});

export const createPasskey = operation('createPasskey', {
  method: 'POST',
  path: '/user/passkeys',
  summary: 'Keep the passkey that the browser made',
  body: z.strictObject({ challengeId: Id, name: DisplayName, response: PasskeyAttestation }),
  response: PasskeyView,
  status: 201,
});

export const renamePasskey = operation('renamePasskey', {
  method: 'PATCH',
  path: '/user/passkeys/:id',
  summary: 'Rename a passkey',
  params: IdParams,
  body: z.strictObject({ name: DisplayName }),
  response: PasskeyView,
});

export const deletePasskey = operation('deletePasskey', {
  method: 'DELETE',
  path: '/user/passkeys/:id',
  summary: 'Delete a passkey: nobody signs in with it any more',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const beginPasskeySignIn = operation('beginPasskeySignIn', {
  method: 'POST',
  path: '/session/passkey/options',
  summary: 'Begin to sign in with a passkey: what the browser needs for it, good for five minutes and once',
  response: PasskeyOptions,
  status: 201,
});

export const signInWithPasskey = operation('signInWithPasskey', {
  method: 'POST',
  path: '/session/passkey',
  summary: 'Sign in with a passkey, without password and code; the answer sets the session cookie',
  body: z.strictObject({ challengeId: Id, response: PasskeyAssertion }),
  response: UserView,
  status: 201,
});

export const resetPasskeys = operation('resetPasskeys', {
  method: 'DELETE',
  path: '/users/:id/passkeys',
  summary: 'Delete all passkeys of a person who lost them',
  params: IdParams,
  response: NoContent,
  status: 204,
});

import {
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';
import { ApiError } from './api/api-error.ts';

/** Only browsers that know passkeys, on addresses where they work, offer them. */
export const HAS_PASSKEYS = window.PublicKeyCredential !== undefined;

/** What the browser says, by the name of its error. */
const PROBLEMS: Readonly<Record<string, string>> = {
  NotAllowedError: 'The passkey was cancelled, or it took too long. Try again.',
  InvalidStateError: 'This device has a passkey for your account already.',
  SecurityError:
    'Passkeys work only at the public address of this platform, by its name and with https. Open the page there.',
  NotSupportedError: 'This device cannot keep such a passkey. Try another one.',
};

/** Lets the browser make a passkey. */
export async function makePasskey(options: object) {
  const made = await inWords(() =>
    startRegistration({ optionsJSON: options as PublicKeyCredentialCreationOptionsJSON }),
  );
  const { clientDataJSON, attestationObject, transports } = made.response;
  return { id: made.id, clientDataJSON, attestationObject, ...(transports && { transports }) };
}

/** Lets the person choose one of their passkeys and prove that they have it. */
export async function usePasskey(options: object) {
  const used = await inWords(() =>
    startAuthentication({ optionsJSON: options as PublicKeyCredentialRequestOptionsJSON }),
  );
  const { clientDataJSON, authenticatorData, signature } = used.response;
  return { id: used.id, clientDataJSON, authenticatorData, signature };
}

async function inWords<T>(ceremony: () => Promise<T>): Promise<T> {
  try {
    return await ceremony();
  } catch (thrown) {
    const name = thrown instanceof Error ? thrown.name : '';
    throw new ApiError(0, {
      code: 'passkey',
      message: PROBLEMS[name] ?? 'The browser could not use a passkey. Try again, or use your password.',
    });
  }
}

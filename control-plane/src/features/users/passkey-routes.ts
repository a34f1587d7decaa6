import {
  beginPasskeySignIn,
  createPasskey,
  deletePasskey,
  listPasskeys,
  type PasskeyView,
  preparePasskey,
  renamePasskey,
  resetPasskeys,
  signInWithPasskey,
} from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { ACCOUNT, ADMINISTRATOR, open, type Route, route } from '../../http/route.ts';
import type { SignInLimit } from '../../http/sign-in-limit.ts';
import type { PasskeyService } from './passkey-service.ts';
import type { PasskeyRow } from './passkey-store.ts';
import { presentUser } from './presenter.ts';
import type { SessionGiver } from './session-giver.ts';

/** All passkeys of an address count as one account: which one it is shows only afterwards. */
const ANY_PASSKEY = 'passkey:';

interface Parts {
  passkeys: PasskeyService;
  signInLimit: SignInLimit;
  sessionGiver: SessionGiver;
}

export function passkeyRoutes({ passkeys, signInLimit, sessionGiver }: Parts): Route[] {
  return [
    route(listPasskeys, ACCOUNT, async ({ actor, query }) =>
      mapPage(await passkeys.list(actor, query), presentPasskey),
    ),
    route(preparePasskey, ACCOUNT, ({ actor, body }) => passkeys.prepare(actor, body.password ?? null)),
    route(createPasskey, ACCOUNT, async ({ actor, body }) =>
      presentPasskey(await passkeys.create(actor, body)),
    ),
    route(renamePasskey, ACCOUNT, async ({ actor, params, body }) =>
      presentPasskey(await passkeys.rename(actor, params.id, body.name)),
    ),
    route(deletePasskey, ACCOUNT, ({ actor, params }) => passkeys.delete(actor, params.id)),
    route(resetPasskeys, ADMINISTRATOR, ({ actor, params }) => passkeys.reset(actor, params.id)),
    route(beginPasskeySignIn, open('it is how one signs in'), ({ request }) => {
      signInLimit.check(request.ip ?? '', `${ANY_PASSKEY}options`);
      return passkeys.beginSignIn();
    }),
    route(signInWithPasskey, open('it is how one signs in'), async ({ body, request, response }) => {
      const address = request.ip ?? '';
      signInLimit.check(address, ANY_PASSKEY);
      const { user, name } = await passkeys
        .signIn(body.challengeId, body.response)
        .catch((error: unknown) => {
          signInLimit.failed(address);
          throw error;
        });
      signInLimit.forget(address, ANY_PASSKEY);
      signInLimit.forget(address, `${ANY_PASSKEY}options`);
      await sessionGiver.give(user, request, response, { passkey: name });
      return presentUser(user);
    }),
  ];
}

function presentPasskey({ id, name, createdAt, lastUsedAt }: PasskeyRow): PasskeyView {
  return { id, name, createdAt, lastUsedAt };
}

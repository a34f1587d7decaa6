import {
  createPasswordReset,
  getPlatformSettings,
  getSignInOptions,
  requestPasswordReset,
  resetPassword,
  signUp,
  updatePlatformSettings,
} from '@flowyard/protocol';
import { forbidden } from '../../errors.ts';
import { RateLimit } from '../../http/rate-limit.ts';
import { ADMINISTRATOR, open, type Route, route } from '../../http/route.ts';
import type { Mailer } from '../notifications/mailer.ts';
import type { PasswordResetService } from '../users/password-reset-service.ts';
import { presentUser } from '../users/presenter.ts';
import type { UserService } from '../users/service.ts';
import type { SessionGiver } from '../users/session-giver.ts';
import type { PlatformService } from './service.ts';

interface Parts {
  platform: PlatformService;
  users: UserService;
  passwordResets: PasswordResetService;
  mailer: Mailer;
  sessionGiver: SessionGiver;
  /** The label of the button of single sign-on; null without one. */
  singleSignOnName: string | null;
}

const HOUR_MS = 3600_000;

export function platformRoutes(parts: Parts): Route[] {
  const { platform, users, passwordResets, mailer, sessionGiver, singleSignOnName } = parts;
  const signingUp = new RateLimit({ times: 10, perMs: HOUR_MS, what: 'new accounts from this address' });
  const resetting = new RateLimit({ times: 20, perMs: HOUR_MS, what: 'attempts' });
  return [
    route(getPlatformSettings, ADMINISTRATOR, () => platform.settings()),
    route(updatePlatformSettings, ADMINISTRATOR, ({ actor, body }) => platform.update(actor, body)),
    route(getSignInOptions, open('the sign-in page shows them'), async () => ({
      signUp: (await platform.settings()).signUp,
      passwordReset: mailer.isConfigured,
      singleSignOn: singleSignOnName,
    })),
    route(signUp, open('it is how one gets an account'), async ({ body, request, response }) => {
      if (!(await platform.settings()).signUp) {
        throw forbidden(
          'People do not make accounts themselves here. Ask an administrator, or an owner of a team for an invitation.',
        );
      }
      signingUp.take(request.ip ?? '');
      const user = await users.create(null, body, { signUp: true, address: request.ip ?? null });
      await sessionGiver.give(user, request, response);
      return presentUser(user);
    }),
    route(
      requestPasswordReset,
      open('whoever forgot the password cannot sign in'),
      async ({ body, request }) => {
        resetting.take(request.ip ?? '');
        passwordResets.request(body.login);
      },
    ),
    route(createPasswordReset, ADMINISTRATOR, ({ actor, params }) => passwordResets.create(actor, params.id)),
    route(resetPassword, open('the link is the proof'), async ({ body, request }) => {
      resetting.take(request.ip ?? '');
      await passwordResets.use(body.token, body.password, request.ip ?? null);
    }),
  ];
}

import { finishSingleSignOn, type SignOnProblem, startSingleSignOn } from '@flowyard/protocol';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { notFound } from '../../errors.ts';
import { readCookie, setCookie } from '../../http/cookies.ts';
import { RateLimit } from '../../http/rate-limit.ts';
import { open, type Route, route } from '../../http/route.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { SessionGiver } from '../users/session-giver.ts';
import { type Provider, ProviderAway } from './provider.ts';
import type { SingleSignOnService } from './service.ts';

const COOKIE = 'flowyard_sign_on';
const PATH = '/api/v1/single-sign-on';
const JOURNEY_SECONDS = 600;
const MINUTE_MS = 60_000;

const Sealed = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  back: z.string(),
  until: z.number(),
});

interface Parts {
  /** Null without single sign-on. */
  singleSignOn: { provider: Provider; service: SingleSignOnService } | null;
  vault: Vault;
  publicUrl: () => string;
  sessionGiver: SessionGiver;
  logger: Logger;
}

export function singleSignOnRoutes(parts: Parts): Route[] {
  const attempts = new RateLimit({ times: 60, perMs: MINUTE_MS, what: 'attempts to sign in' });
  const why = 'it is how one signs in';
  return [
    route(startSingleSignOn, open(why), async ({ query, request, response }) => {
      const { provider } = configured(parts);
      attempts.take(request.ip ?? '');
      try {
        const { location, journey } = await provider.begin(callbackUrl(parts));
        const until = Date.now() + JOURNEY_SECONDS * 1000;
        const sealed = parts.vault.seal(
          JSON.stringify({ ...journey, back: localPath(query.continue), until }),
        );
        response.append('Set-Cookie', journeyCookie(parts, encodeURIComponent(sealed), JOURNEY_SECONDS));
        response.redirect(302, location);
      } catch (error) {
        fail(parts, response, error);
      }
    }),
    route(finishSingleSignOn, open(why), async ({ request, response }) => {
      const { provider, service } = configured(parts);
      attempts.take(request.ip ?? '');
      response.append('Set-Cookie', journeyCookie(parts, '', 0));
      const journey = readJourney(parts, readCookie(request.headers.cookie, COOKIE));
      if (journey === null) {
        sendBack(response, 'expired');
        return;
      }
      try {
        const callback = new URL(request.originalUrl, parts.publicUrl());
        const user = await service.accountOf(await provider.finish(callback, journey));
        if (user.suspended) {
          sendBack(response, 'suspended');
          return;
        }
        await parts.sessionGiver.give(user, request, response);
        response.redirect(302, journey.back);
      } catch (error) {
        fail(parts, response, error);
      }
    }),
  ];
}

function configured({ singleSignOn }: Parts) {
  if (singleSignOn === null) {
    throw notFound('single sign-on');
  }
  return singleSignOn;
}

function callbackUrl({ publicUrl }: Parts): string {
  return `${publicUrl()}${PATH}/callback`;
}

function journeyCookie({ publicUrl }: Parts, value: string, maxAgeSeconds: number): string {
  return setCookie(COOKIE, value, { secure: publicUrl().startsWith('https:'), maxAgeSeconds, path: PATH });
}

/** Null for a cookie that is not ours or too old. */
function readJourney({ vault }: Parts, cookie: string | null) {
  try {
    const journey = Sealed.parse(JSON.parse(vault.unseal(decodeURIComponent(cookie ?? ''))));
    return journey.until > Date.now() ? journey : null;
  } catch {
    return null;
  }
}

function fail({ logger }: Parts, response: Response, error: unknown): void {
  const problem = error instanceof ProviderAway ? 'provider-away' : 'refused';
  logger.warn({ err: error }, 'a single sign-on did not work');
  sendBack(response, problem);
}

function sendBack(response: Response, problem: SignOnProblem): void {
  response.redirect(302, `/sign-in?problem=${problem}`);
}

/** A path on this host; anything that could lead elsewhere becomes the root. */
function localPath(wanted: string | undefined): string {
  return wanted !== undefined && /^\/(?![/\\])/.test(wanted) ? wanted : '/';
}

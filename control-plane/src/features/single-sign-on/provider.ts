import type { Configuration } from 'openid-client';
import { z } from 'zod';
import type { SingleSignOnSettings } from '../../config.ts';

/** Loaded by the first who signs on: most platforms have no provider. */
const openIdClient = () => import('openid-client');

const TIMEOUT_SECONDS = 5;
const MAX_GROUPS = 1000;

/** What the provider says of a person; what does not fit is left out. */
const Claims = z.looseObject({
  sub: z.string().min(1).max(255),
  email: z.email().max(254).optional().catch(undefined),
  email_verified: z.boolean().optional().catch(undefined),
  name: z.string().optional().catch(undefined),
  preferred_username: z.string().optional().catch(undefined),
});
const Groups = z.array(z.string().max(255)).max(MAX_GROUPS).catch([]);

export interface ProvidedPerson {
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  name: string | null;
  username: string | null;
  groups: string[];
}

/** What is remembered of a sign-on while the person is at the provider. */
export interface Journey {
  state: string;
  nonce: string;
  verifier: string;
}

/** The provider of single sign-on does not answer, or not as it should. */
export class ProviderAway extends Error {}

/** The provider of single sign-on: OpenID Connect, code flow with PKCE. */
export class Provider {
  readonly #settings: SingleSignOnSettings;
  #configuration: Promise<Configuration> | null = null;

  constructor(settings: SingleSignOnSettings) {
    this.#settings = settings;
  }

  /** Where to send the browser. */
  async begin(redirectUri: string): Promise<{ location: string; journey: Journey }> {
    const client = await openIdClient();
    const configuration = await this.#discover();
    const journey = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const location = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state: journey.state,
      nonce: journey.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(journey.verifier),
      code_challenge_method: 'S256',
    });
    return { location: location.href, journey };
  }

  /** Who came back. Rejects when the answer does not belong to the journey or the provider refuses. */
  async finish(callback: URL, journey: Journey): Promise<ProvidedPerson> {
    const client = await openIdClient();
    const configuration = await this.#discover();
    const tokens = await client.authorizationCodeGrant(configuration, callback, {
      expectedState: journey.state,
      expectedNonce: journey.nonce,
      pkceCodeVerifier: journey.verifier,
      idTokenExpected: true,
    });
    const identity = tokens.claims();
    if (identity === undefined) {
      throw new Error('The provider sent no ID token.');
    }
    const more =
      configuration.serverMetadata().userinfo_endpoint === undefined
        ? {}
        : await client.fetchUserInfo(configuration, tokens.access_token, identity.sub);
    return this.#person(identity.iss, { ...more, ...identity });
  }

  #person(issuer: string, said: Record<string, unknown>): ProvidedPerson {
    const claims = Claims.parse(said);
    const { groupsClaim } = this.#settings;
    return {
      issuer,
      subject: claims.sub,
      email: claims.email ?? null,
      emailVerified: claims.email_verified === true,
      name: claims.name ?? null,
      username: claims.preferred_username ?? null,
      groups: Object.hasOwn(said, groupsClaim) ? Groups.parse(said[groupsClaim]) : [],
    };
  }

  /** When somebody first asks, so that the server starts without the provider; a failure is not remembered. */
  async #discover(): Promise<Configuration> {
    this.#configuration ??= this.#readConfiguration();
    try {
      return await this.#configuration;
    } catch (error) {
      this.#configuration = null;
      throw new ProviderAway('The provider of single sign-on does not answer.', { cause: error });
    }
  }

  async #readConfiguration(): Promise<Configuration> {
    const client = await openIdClient();
    const { issuer, clientId, clientSecret } = this.#settings;
    const url = new URL(issuer);
    return client.discovery(url, clientId, clientSecret, undefined, {
      timeout: TIMEOUT_SECONDS,
      // The configuration allows http for addresses of this machine alone.
      execute: url.protocol === 'http:' ? [client.allowInsecureRequests] : [],
    });
  }
}

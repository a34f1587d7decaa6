import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

/** What the provider says of whoever signs in, by their subject. */
export interface Account {
  email?: string;
  email_verified?: boolean;
  preferred_username?: string;
  name?: string;
  groups?: unknown;
}

/** A real OpenID Connect provider on loopback that lets in whoever the test says. */
export async function startProvider(redirectUri: () => string) {
  const accounts = new Map<string, Account>();
  let next = '';
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'flowyard',
        client_secret: 'a secret of the test that is long enough',
        redirect_uris: ['http://localhost/placeholder'],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    claims: {
      openid: ['sub', 'groups'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['a key for cookies'] },
    pkce: { required: () => true },
    findAccount: async (_context, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, ...accounts.get(sub) }),
    }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    // The port of the control plane is known only when it runs.
    extraClientMetadata: { properties: [] },
  });
  const allowed = provider.Client.prototype as unknown as { redirectUriAllowed(uri: string): boolean };
  allowed.redirectUriAllowed = (uri) => uri === redirectUri();
  const callback = provider.callback();
  server.on('request', async (request, response) => {
    if (!request.url?.startsWith('/interaction/')) {
      callback(request, response);
      return;
    }
    const { prompt, params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: next, clientId: String(params.client_id) });
    grant.addOIDCScope('openid profile email');
    const result =
      next === 'cancels'
        ? { error: 'access_denied' }
        : prompt.name === 'login'
          ? { login: { accountId: next }, consent: { grantId: await grant.save() } }
          : { consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  });
  return {
    issuer,
    letIn: (subject: string, account: Account) => {
      accounts.set(subject, account);
      next = subject;
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

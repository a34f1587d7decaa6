import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { createRequire } from 'node:module';
import {
  IDENTITY_HEADER,
  type IdentityPlugin,
  type RuntimeBinding,
  type RuntimeHost,
} from '@flowyard/protocol';

const { createAdminAuth }: IdentityPlugin = createRequire(import.meta.url)(
  '../../../plugins/dist/runtime/identity.js',
);

interface AdminAuth {
  tokenHeader: string;
  tokens(signed: string): Promise<{ username: string; permissions: string; identity?: string } | null>;
  authenticate(): Promise<null>;
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const PEM = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const IN_AN_HOUR = Math.round(Date.now() / 1000) + 3600;
const IDENTITY = {
  userId: 'user01',
  username: 'ada',
  name: 'Ada',
  role: 'owner',
  instanceId: 'instance1',
  expires: IN_AN_HOUR,
};

function signed(changes: object = {}): string {
  const payload = Buffer.from(JSON.stringify({ ...IDENTITY, ...changes })).toString('base64url');
  return `${payload}.${sign(null, Buffer.from(payload), privateKey).toString('base64url')}`;
}

function buildAdminAuth(binding: () => Partial<RuntimeBinding> | null): AdminAuth {
  return createAdminAuth({ binding } as unknown as RuntimeHost) as unknown as AdminAuth;
}

describe('who is at an editor', () => {
  const auth = buildAdminAuth(() => ({ subjectId: 'instance1', identityKey: PEM }));

  it('is believed when it is signed, meant for this instance and in date', async () => {
    const user = await auth.tokens(signed());

    assert.equal(user?.username, 'ada');
    assert.equal(user.permissions, '*');
    assert.equal(user.identity, signed());
    assert.equal(JSON.stringify(user).includes(signed()), false);
  });

  it('may do what the role may', async () => {
    assert.equal((await auth.tokens(signed({ role: 'member' })))?.permissions, '*');
    assert.equal((await auth.tokens(signed({ role: 'viewer' })))?.permissions, 'read');
    assert.equal(await auth.tokens(signed({ role: 'dashboard' })), null);
    assert.equal(await auth.tokens(signed({ role: 'constructor' })), null);
  });

  it('is not believed otherwise', async () => {
    const [payload, signature] = signed().split('.');
    const forged = Buffer.from(JSON.stringify({ ...IDENTITY, username: 'eve' })).toString('base64url');
    const refused = [
      '',
      '.',
      'a.b',
      'a.b.c',
      `${payload}.`,
      `${forged}.${signature}`,
      signed({ instanceId: 'instance2' }),
      signed({ expires: 1 }),
      signed({ expires: 'never' }),
      signed({ role: undefined }),
    ];

    for (const text of refused) {
      assert.equal(await auth.tokens(text), null, text);
    }
  });

  it('is nobody before the process belongs to an instance, and without a key', async () => {
    let binding: Partial<RuntimeBinding> | null = null;
    const pooled = buildAdminAuth(() => binding);
    assert.equal(await pooled.tokens(signed()), null);

    binding = { subjectId: 'instance1', identityKey: PEM };

    assert.equal((await pooled.tokens(signed()))?.username, 'ada');
    assert.equal(
      await buildAdminAuth(() => ({ subjectId: 'instance1', identityKey: 'no key' })).tokens(signed()),
      null,
    );
  });

  it('comes in the header that the proxy uses, and never by password', async () => {
    assert.equal(auth.tokenHeader, IDENTITY_HEADER);
    assert.equal(await auth.authenticate(), null);
  });
});

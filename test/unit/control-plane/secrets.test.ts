import assert from 'node:assert/strict';
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import {
  decryptCredentials,
  encryptCredentials,
} from '../../../control-plane/src/secrets/flow-credentials.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';

const KEY = 'k'.repeat(64);
const IDENTITY = {
  userId: 'user01',
  username: 'ada',
  name: 'Ada',
  role: 'member',
  instanceId: 'instance01',
  expires: Math.floor(Date.now() / 1000) + 3600,
} as const;

describe('The vault', () => {
  const vault = new Vault(KEY);

  it('opens what it sealed, and nothing that was changed or sealed with another key', () => {
    const sealed = vault.seal('secret');
    const changed = Buffer.from(sealed, 'base64');
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;

    assert.equal(vault.unseal(sealed), 'secret');
    assert.throws(() => vault.unseal(changed.toString('base64')));
    assert.throws(() => new Vault('o'.repeat(64)).unseal(sealed));
  });

  it('seals equal content to equal bytes where that is asked for', () => {
    assert.deepEqual(vault.sealBytes(Buffer.from('a')), vault.sealBytes(Buffer.from('a')));
    assert.notDeepEqual(vault.sealBytes(Buffer.from('a')), vault.sealBytes(Buffer.from('b')));
    assert.notEqual(vault.seal('a'), vault.seal('a'));
  });

  it('knows its own runtime tokens only', () => {
    const token = vault.runtimeToken('instance01');

    assert.equal(vault.readRuntimeToken(token), 'instance01');
    assert.equal(vault.readRuntimeToken(token.replace('instance01', 'instance02')), null);
    assert.equal(vault.readRuntimeToken('fyr_'), null);
    assert.equal(vault.readRuntimeToken('rubbish'), null);
  });

  it('signs identities that the public key verifies, and refuses forged and expired ones', () => {
    const signed = vault.signIdentity(IDENTITY);
    const [payload = '', signature = ''] = signed.split('.');
    const forged = Buffer.from(JSON.stringify({ ...IDENTITY, role: 'owner' })).toString('base64url');

    assert.ok(
      verify(
        null,
        Buffer.from(payload),
        createPublicKey(vault.identityKey),
        Buffer.from(signature, 'base64url'),
      ),
    );
    assert.deepEqual(vault.readIdentity(signed), IDENTITY);
    assert.equal(vault.readIdentity(`${forged}.${signature}`), null);
    assert.equal(vault.readIdentity(vault.signIdentity({ ...IDENTITY, expires: 1 })), null);
    assert.equal(vault.readIdentity(''), null);
  });
});

describe('Flow credentials', () => {
  it('are encrypted alike for the same reader, and readable with its secret alone', () => {
    const credentials = { broker1: { user: 'line', password: randomBytes(8).toString('hex') } };

    const sealed = encryptCredentials('secret', credentials);

    assert.deepEqual(sealed, encryptCredentials('secret', credentials));
    assert.deepEqual(decryptCredentials('secret', sealed), credentials);
    assert.throws(() => decryptCredentials(createHash('md5').update('x').digest('hex'), sealed), SyntaxError);
    assert.deepEqual(decryptCredentials('any', credentials), credentials);
  });
});

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { EditorIdentity } from '@flowyard/protocol';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The fixed head of a PKCS #8 Ed25519 key (RFC 8410 section 7); the 32 bytes of the seed follow. */
const ED25519_PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const RUNTIME_PREFIX = 'fyr_';

/** Everything that is done with the platform's secret key, which is never in the database. */
export class Vault {
  readonly #sealKey: Buffer;
  readonly #nonceKey: Buffer;
  readonly #runtimeKey: Buffer;
  readonly #fingerprintKey: Buffer;
  readonly #signingKey: KeyObject;
  /** Chains the audit log. */
  readonly auditKey: Buffer;
  /** Verifies signed identities; SPKI in PEM. */
  readonly identityKey: string;

  constructor(secretKey: string) {
    const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secretKey, 'flowyard', purpose, 32));
    this.#sealKey = derive('seal');
    this.#nonceKey = derive('seal nonce');
    this.#runtimeKey = derive('runtime tokens');
    this.#fingerprintKey = derive('fingerprints');
    this.auditKey = derive('audit chain');
    this.#signingKey = createPrivateKey({
      key: Buffer.concat([ED25519_PKCS8_HEAD, derive('editor identity')]),
      format: 'der',
      type: 'pkcs8',
    });
    this.identityKey = createPublicKey(this.#signingKey).export({ type: 'spki', format: 'pem' }).toString();
  }

  seal(text: string): string {
    return this.#encrypt(Buffer.from(text), randomBytes(NONCE_BYTES)).toString('base64');
  }

  /** @throws when it was sealed with another key or changed since */
  unseal(sealed: string): string {
    return this.unsealBytes(Buffer.from(sealed, 'base64')).toString();
  }

  /**
   * Seals so that equal content gives equal bytes, and is therefore stored once. The nonce is a keyed hash of the
   * content, so no nonce is used for two contents; whoever reads the database learns only which are equal.
   */
  sealBytes(content: Buffer): Buffer {
    const nonce = createHmac('sha256', this.#nonceKey).update(content).digest().subarray(0, NONCE_BYTES);
    return this.#encrypt(content, nonce);
  }

  unsealBytes(sealed: Buffer): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  }

  /** Tells whether two secrets are the same to whoever has neither them nor the key. */
  fingerprint(secret: string): string {
    return createHmac('sha256', this.#fingerprintKey).update(secret).digest('base64url');
  }

  /** With it a hosted Node-RED proves which instance it is. It follows from the key, so it is stored nowhere. */
  runtimeToken(instanceId: string): string {
    const proof = createHmac('sha256', this.#runtimeKey).update(instanceId).digest('base64url');
    return `${RUNTIME_PREFIX}${instanceId}.${proof}`;
  }

  /** The instance that a runtime token belongs to; null when it is none of ours. */
  readRuntimeToken(token: string): string | null {
    const instanceId = token.startsWith(RUNTIME_PREFIX)
      ? token.slice(RUNTIME_PREFIX.length).split('.')[0]
      : undefined;
    if (instanceId === undefined) {
      return null;
    }
    const expected = Buffer.from(this.runtimeToken(instanceId));
    const given = Buffer.from(token);
    return expected.length === given.length && timingSafeEqual(expected, given) ? instanceId : null;
  }

  signIdentity(identity: EditorIdentity): string {
    const payload = Buffer.from(JSON.stringify(identity)).toString('base64url');
    return `${payload}.${sign(null, Buffer.from(payload), this.#signingKey).toString('base64url')}`;
  }

  /** Who an identity names; null when it was not signed here or has expired. */
  readIdentity(signed: string): EditorIdentity | null {
    const [payload = '', signature = ''] = signed.split('.');
    if (!verify(null, Buffer.from(payload), this.#signingKey, Buffer.from(signature, 'base64url'))) {
      return null;
    }
    const identity = EditorIdentity.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
    return identity.expires * 1000 > Date.now() ? identity : null;
  }

  #encrypt(content: Buffer, nonce: Buffer): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce);
    const encrypted = Buffer.concat([cipher.update(content), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]);
  }
}

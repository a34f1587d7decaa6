import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** Credentials as Node-RED keeps them: AES-256-CTR under the digest of the secret. */
export function encryptCredentials(credentials: object, secret: string): { $: string } {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(secret).digest(), iv);
  const text = cipher.update(JSON.stringify(credentials), 'utf8', 'base64') + cipher.final('base64');
  return { $: iv.toString('hex') + text };
}

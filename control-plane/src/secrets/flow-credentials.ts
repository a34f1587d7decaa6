import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { FlowCredentials } from '@flowyard/protocol';

const IV_HEX = 32;

function keyOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/**
 * Encrypts credentials as Node-RED does (runtime/lib/nodes/credentials.js: AES-256-CTR, hex IV in front). The IV
 * follows from secret and content, so that the same credentials for the same reader have the same digest.
 */
export function encryptCredentials(secret: string, credentials: FlowCredentials): FlowCredentials {
  const text = JSON.stringify(credentials);
  const iv = createHmac('sha256', keyOf(secret))
    .update(text)
    .digest()
    .subarray(0, IV_HEX / 2);
  const cipher = createCipheriv('aes-256-ctr', keyOf(secret), iv);
  return { $: iv.toString('hex') + cipher.update(text, 'utf8', 'base64') + cipher.final('base64') };
}

/**
 * Decrypts what Node-RED stored; credentials that are not encrypted come back as they are.
 * @throws SyntaxError when the secret is another one
 */
export function decryptCredentials(secret: string, stored: FlowCredentials): FlowCredentials {
  const sealed = stored.$;
  if (typeof sealed !== 'string') {
    return stored;
  }
  const iv = Buffer.from(sealed.slice(0, IV_HEX), 'hex');
  const decipher = createDecipheriv('aes-256-ctr', keyOf(secret), iv);
  const text = decipher.update(sealed.slice(IV_HEX), 'base64', 'utf8') + decipher.final('utf8');
  return FlowCredentials.parse(JSON.parse(text));
}

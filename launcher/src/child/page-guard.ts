import { createHash, scrypt, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import type { ResolvedSettings } from '@flowyard/protocol';
import { takeProbePass } from '../probe-pass.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

const derive = promisify(scrypt) as (password: string, salt: Buffer, length: number) => Promise<Buffer>;
const MOST_REMEMBERED = 100;

/**
 * Asks for user name and password before flows are called, where no proxy does so. Without a password nobody passes but
 * whoever started the process, with the token of its link.
 */
export function guardPages(settings: () => ResolvedSettings | undefined, linkToken: string): Handler {
  const passed = new Set<string>();
  // Deriving a key takes memory, which small machines have little of: one at a time.
  let deriving: Promise<unknown> = Promise.resolve();
  const passes = async (given: Credentials, user: string, stored: string): Promise<boolean> => {
    const key = createHash('sha256')
      .update(JSON.stringify([given, user, stored]))
      .digest('hex');
    if (passed.has(key)) {
      return true;
    }
    const checked = deriving.then(() => matches(given, user, stored));
    deriving = checked.catch(() => {});
    const isRight = await checked;
    if (isRight) {
      if (passed.size >= MOST_REMEMBERED) {
        passed.clear();
      }
      passed.add(key);
    }
    return isRight;
  };
  return (request, response, next) => {
    const chosen = settings();
    if (takeProbePass(request, linkToken) || chosen?.['http.access'] !== 'basic') {
      next();
      return;
    }
    const given = credentialsOf(request);
    const user = chosen['http.basicUser'];
    const stored: unknown = chosen['http.basicPassword'];
    if (given === null || user === null || typeof stored !== 'string') {
      ask(response);
      return;
    }
    passes(given, user, stored).then(
      (isRight) => {
        if (isRight) {
          // Flows have no business with the password.
          delete request.headers.authorization;
          next();
        } else {
          ask(response);
        }
      },
      () => ask(response),
    );
  };
}

interface Credentials {
  user: string;
  password: string;
}

function ask(response: ServerResponse): void {
  response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Node-RED", charset="UTF-8"' });
  response.end('Sign in with the user name and password of these pages.');
}

async function matches(given: Credentials, user: string, stored: string): Promise<boolean> {
  const [, salt = '', key = ''] = stored.split('$');
  const expected = Buffer.from(key, 'base64url');
  const derived = await derive(given.password, Buffer.from(salt, 'base64url'), expected.length || 32);
  return expected.length > 0 && timingSafeEqual(derived, expected) && given.user === user;
}

function credentialsOf(request: IncomingMessage): Credentials | null {
  const encoded = /^Basic ([A-Za-z0-9+/]{1,1000}={0,2})$/i.exec(request.headers.authorization ?? '')?.[1];
  const text = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString();
  const at = text.indexOf(':');
  return at === -1 ? null : { user: text.slice(0, at), password: text.slice(at + 1) };
}

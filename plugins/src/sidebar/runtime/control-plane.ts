import type { IncomingMessage } from 'node:http';
import type { Caller } from './seat';

/** The header in which the identity of the person at the editor travels. The same as in protocol/src/identity.ts. */
export const IDENTITY_HEADER = 'x-flowyard-identity';

export interface ApiAnswer {
  status: number;
  body: unknown;
}

export type ApiMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ApiRequest {
  method: ApiMethod;
  /** Below `/api/v1`. */
  path: string;
  body?: unknown;
}

const TIMEOUT_MS = 30_000;

/** An answer that says in words what went wrong. */
export function failure(status: number, code: string, message: string): ApiAnswer {
  return { status, body: { error: { code, message } } };
}

async function readJson(response: IncomingMessage): Promise<ApiAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return { status: response.statusCode ?? 502, body: text === '' ? null : JSON.parse(text) };
  } catch {
    return failure(502, 'unexpected', 'Something else than Flowyard answered. Is there a proxy in between?');
  }
}

/**
 * One call of the control plane's API for the person at the editor. It always answers: what cannot be reached is a
 * 503 with words for people. node:http and not fetch, which would cost every Node-RED several megabytes.
 */
export async function callControlPlane(caller: Caller, request: ApiRequest): Promise<ApiAnswer> {
  const url = `${caller.url}/api/v1${request.path}`;
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  const client = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return new Promise((resolve) => {
    const outgoing = client.request(
      url,
      {
        method: request.method,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          ...(caller.token === '' ? {} : { authorization: `Bearer ${caller.token}` }),
          ...(caller.identity === undefined ? {} : { [IDENTITY_HEADER]: caller.identity }),
          ...(body === null
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        readJson(response).then(resolve, () =>
          resolve(failure(503, 'unreachable', 'The answer was cut off.')),
        );
      },
    );
    outgoing.on('error', () =>
      resolve(
        failure(503, 'unreachable', 'The control plane does not answer now. Your flows go on running.'),
      ),
    );
    outgoing.end(body ?? undefined);
  });
}

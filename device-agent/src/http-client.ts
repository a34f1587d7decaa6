import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { outgoingAgent } from './network.ts';

/** An answer that is not what was asked for. */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly code: string | null;

  constructor(status: number, code: string | null, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface HttpRequest {
  method?: 'GET' | 'POST';
  /** None for what anybody may ask. */
  token: string | null;
  body?: unknown;
  timeoutMs?: number;
  maxBytes?: number;
  signal?: AbortSignal;
}

const MAX_BYTES = 64 * 1024 * 1024;

async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      response.destroy();
      throw new HttpError(502, 'too-large', `the answer has more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The words of the control plane when it has some; a captive portal's page is only named as such. */
function refusal(response: IncomingMessage, body: Buffer): HttpError {
  const status = response.statusCode ?? 0;
  try {
    const { error } = JSON.parse(body.toString('utf8')) as { error: { code: string; message: string } };
    return new HttpError(status, error.code, error.message);
  } catch {
    return new HttpError(status, null, `status ${status} and no answer of a Flowyard control plane`);
  }
}

function send(url: string, request: HttpRequest): Promise<IncomingMessage> {
  const body = request.body === undefined ? null : JSON.stringify(request.body);
  const timeout = AbortSignal.timeout(request.timeoutMs ?? 30_000);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  const { promise, resolve, reject } = deferred<IncomingMessage>();
  const outgoing = (url.startsWith('https:') ? https : http).request(
    url,
    {
      method: request.method ?? 'GET',
      signal,
      ...outgoingAgent(),
      headers: {
        ...(request.token === null ? {} : { authorization: `Bearer ${request.token}` }),
        accept: '*/*',
        ...(body === null
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
    },
    resolve,
  );
  outgoing.on('error', reject);
  outgoing.end(body ?? undefined);
  return promise;
}

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/**
 * One request to the control plane. Redirects are not followed: a captive portal answers with one, and our own
 * addresses have none.
 */
export async function requestBytes(url: string, request: HttpRequest): Promise<Buffer> {
  const response = await send(url, request);
  const body = await readBody(response, request.maxBytes ?? MAX_BYTES);
  const status = response.statusCode ?? 0;
  if (status < 200 || status > 299) {
    throw refusal(response, body);
  }
  return body;
}

/** As `requestBytes`, for an answer that is JSON. */
export async function requestJson(url: string, request: HttpRequest): Promise<unknown> {
  const body = await requestBytes(url, { ...request, maxBytes: 1024 * 1024 });
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new HttpError(502, null, 'the answer is not one of a Flowyard control plane');
  }
}

/** The digest by which blobs are named. */
export function digestOf(bytes: Buffer): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
}

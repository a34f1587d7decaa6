import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { RuntimeHost } from '@flowyard/protocol';

type Json = Record<string, unknown>;

/** The header in which the identity of the person at the editor travels. The same as in protocol/src/identity.ts. */
export const IDENTITY_HEADER = 'x-flowyard-identity';

/** Flows as the control plane has them. */
export interface RemoteFlows {
  revision: number;
  flows: Json[];
  credentials: Json;
}

/** How a request to the control plane came out. */
export type Outcome<T> =
  | { kind: 'ok'; value: T }
  /** Nobody answered, or somebody who could not: to be tried again later. */
  | { kind: 'away'; message: string }
  /** The flows there are not the ones that this change was made from. */
  | { kind: 'conflict' }
  | { kind: 'refused'; status: number; message: string };

export interface FlowsChangeRequest {
  revision: number;
  flows: Json[];
  credentials?: Json | undefined;
}

const READ_TIMEOUT_MS = 5000;
const WRITE_TIMEOUT_MS = 30_000;

/**
 * Reads and writes the flows of this instance. It uses node:http and not fetch: loading fetch would cost every
 * Node-RED several megabytes, and the first request tens of milliseconds.
 */
export class ControlPlaneClient {
  readonly #host: RuntimeHost;

  constructor(host: RuntimeHost) {
    this.#host = host;
  }

  async read(): Promise<Outcome<RemoteFlows>> {
    const outcome = await this.#send('GET', undefined, undefined, READ_TIMEOUT_MS);
    if (outcome.kind !== 'ok') {
      return outcome;
    }
    const { revision, flows, credentials } = outcome.value;
    if (typeof revision !== 'number' || !Array.isArray(flows)) {
      // A captive portal or a wrong address answers 200, too.
      return { kind: 'away', message: 'the answer is not that of a control plane' };
    }
    return { kind: 'ok', value: { revision, flows, credentials: (credentials as Json | undefined) ?? {} } };
  }

  async write(change: FlowsChangeRequest, identity: string | undefined): Promise<Outcome<number>> {
    const outcome = await this.#send('PUT', change, identity, WRITE_TIMEOUT_MS);
    if (outcome.kind !== 'ok') {
      return outcome;
    }
    const { revision } = outcome.value;
    return typeof revision === 'number'
      ? { kind: 'ok', value: revision }
      : { kind: 'away', message: 'the answer is not that of a control plane' };
  }

  async #send(
    method: 'GET' | 'PUT',
    body: FlowsChangeRequest | undefined,
    identity: string | undefined,
    timeoutMs: number,
  ): Promise<Outcome<Json>> {
    const { subjectId, token } = await this.#host.bound;
    const url = new URL(`/api/v1/instances/${subjectId}/flows`, this.#host.controlUrl());
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      ...(identity !== undefined && { [IDENTITY_HEADER]: identity }),
      ...(content !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(content)),
      }),
    };
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    try {
      const request = send(url, { method, headers, signal: AbortSignal.timeout(timeoutMs) });
      request.end(content);
      const response = await responseOf(request);
      return interpret(response.statusCode ?? 0, await textOf(response));
    } catch (error) {
      return { kind: 'away', message: error instanceof Error ? error.message : String(error) };
    }
  }
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += chunk;
  }
  return text;
}

function interpret(status: number, text: string): Outcome<Json> {
  const body = parse(text);
  if (status >= 200 && status < 300 && body) {
    return { kind: 'ok', value: body };
  }
  const message = (body?.error as { message?: string } | undefined)?.message ?? `HTTP ${status}`;
  if (status === 409) {
    return { kind: 'conflict' };
  }
  return status >= 400 && status < 500 && status !== 408 && status !== 429
    ? { kind: 'refused', status, message }
    : { kind: 'away', message };
}

function parse(text: string): Json | null {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

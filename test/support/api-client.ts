import assert from 'node:assert/strict';
import { request } from 'node:http';
import type * as protocol from '@flowyard/protocol';
import { OPERATIONS } from '@flowyard/protocol';
import type { z } from 'zod';

type Protocol = typeof protocol;
type OperationName = {
  [K in keyof Protocol]: Protocol[K] extends { method: string; path: string; response: z.ZodType }
    ? K
    : never;
}[keyof Protocol];
type Answer<N extends OperationName> = Protocol[N] extends { response: infer R extends z.ZodType }
  ? z.output<R>
  : never;

export interface RawAnswer {
  status: number;
  headers: Headers;
  body: unknown;
}

interface CallInput {
  params?: Record<string, string>;
  query?: Record<string, string | number>;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Speaks the API as a person or program would, and checks each answer against the schema that the API publishes. */
export class ApiClient {
  readonly url: string;
  #cookie: string | undefined;
  #token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.#token = token;
  }

  get cookie(): string | undefined {
    return this.#cookie;
  }

  /** The headers that say who it is. */
  get authentication(): Record<string, string> {
    return {
      ...(this.#cookie && { cookie: this.#cookie }),
      ...(this.#token && { authorization: `Bearer ${this.#token}` }),
    };
  }

  async signIn(username: string, password: string): Promise<void> {
    await this.call('signIn', { body: { username, password } });
  }

  /** Calls an operation and expects it to work. */
  async call<N extends OperationName>(name: N, input: CallInput = {}): Promise<Answer<N>> {
    const operation = OPERATIONS.find((candidate) => candidate.operation.id === name)?.operation;
    assert.ok(operation, `there is no operation ${name}`);
    const answer = await this.send(operation.method, pathOf(operation.path, input), input);
    assert.equal(
      answer.status,
      operation.status,
      `${name} answered ${answer.status}: ${JSON.stringify(answer.body)}`,
    );
    if (operation.status !== 204) {
      operation.response.parse(answer.body);
    }
    return answer.body as Answer<N>;
  }

  /** Calls an operation and expects that error. */
  async refused(name: OperationName, status: number, input: CallInput = {}) {
    const operation = OPERATIONS.find((candidate) => candidate.operation.id === name)?.operation;
    assert.ok(operation, `there is no operation ${name}`);
    const answer = await this.send(operation.method, pathOf(operation.path, input), input);
    assert.equal(answer.status, status, `${name} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    const { error } = answer.body as {
      error: { code: string; message: string; details?: Record<string, unknown> };
    };
    assert.ok(error.message.length > 0);
    return error;
  }

  async send(
    method: string,
    path: string,
    input: Pick<CallInput, 'body' | 'headers'> = {},
  ): Promise<RawAnswer> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'x-requested-with': 'flowyard',
        ...this.authentication,
        ...input.headers,
      },
      ...(input.body !== undefined && {
        body: typeof input.body === 'string' ? input.body : JSON.stringify(input.body),
      }),
    });
    this.#cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? this.#cookie;
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parse(text) };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function pathOf(path: string, { params = {}, query = {} }: CallInput): string {
  const filled = path.replace(/:(\w+)/g, (_match, name: string) => encodeURIComponent(params[name] ?? ''));
  const search = new URLSearchParams(
    Object.entries(query).map(([key, value]) => [key, String(value)]),
  ).toString();
  return search === '' ? filled : `${filled}?${search}`;
}

export interface InstanceAnswer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

/** A request to the host of an instance, which name servers of test machines need not know. */
export function requestInstance(
  instanceUrl: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<InstanceAnswer> {
  const { host, port } = new URL(instanceUrl);
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path, method, headers: { ...headers, host } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }),
        );
      },
    );
    sent.setTimeout(method === 'GET' ? 2000 : 60_000, () =>
      sent.destroy(new Error(`${instanceUrl}${path} did not answer`)),
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

export function getFromInstance(
  instanceUrl: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<InstanceAnswer> {
  return requestInstance(instanceUrl, 'GET', path, headers);
}

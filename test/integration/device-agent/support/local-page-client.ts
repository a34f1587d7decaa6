import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DeviceCurrent } from '@flowyard/protocol';
import type { ShownEmergency } from '../../../../device-agent/src/local-page/local-page.ts';
import { eventually } from '../../../support/eventually.ts';
import type { TestDevice } from './agent-process.ts';

interface PageState {
  current: DeviceCurrent;
  targetSnapshot: string | null;
  emergency: ShownEmergency | null;
}

interface Asked {
  /** Instead of the right one; null gives none. */
  password?: string | null;
  headers?: Record<string, string>;
}

/** Somebody at the machine who knows the password of the agent's page. */
export class LocalPageClient {
  readonly url: string;
  readonly password: string;

  private constructor(url: string, password: string) {
    this.url = url;
    this.password = password;
  }

  /** The page of the agent that was started last, from what it wrote since. */
  static async of(device: TestDevice, from: number): Promise<LocalPageClient> {
    const url = await eventually(() => /local page is at (\S+)/.exec(device.output.slice(from))?.[1]);
    const password = await readFile(path.join(device.folder, 'local-page-password'), 'utf8');
    return new LocalPageClient(url, password.trim());
  }

  basic(password: string | null = this.password): Record<string, string> {
    const encoded = Buffer.from(`operator:${password}`).toString('base64');
    return password === null ? {} : { authorization: `Basic ${encoded}` };
  }

  async state(): Promise<PageState> {
    return (await this.#ask('state', { headers: this.basic() })).json() as Promise<PageState>;
  }

  /** As a button of the page does; without the header it is as from a page of others. */
  change(what: string, { password, header = true }: Asked & { header?: boolean } = {}): Promise<Response> {
    const headers = { ...this.basic(password), ...(header && { 'x-requested-with': 'flowyard' }) };
    return this.#ask(what, { method: 'POST', headers });
  }

  /** As the editor does that is open in a browser. */
  editor(
    what: string,
    {
      password,
      headers,
      method = 'GET',
      body,
      ownPage = true,
    }: Asked & { method?: string; body?: unknown; ownPage?: boolean } = {},
  ): Promise<Response> {
    return this.#ask(`editor/${what}`, {
      method,
      headers: {
        ...this.basic(password),
        ...(ownPage && { 'x-requested-with': 'XMLHttpRequest' }),
        'node-red-api-version': 'v2',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  #ask(what: string, init: RequestInit): Promise<Response> {
    return fetch(new URL(what, this.url), { ...init, signal: AbortSignal.timeout(20_000) });
  }
}

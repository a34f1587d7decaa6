import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChildConfiguration,
  LinkHub,
  NodeRedSupervisor,
  type SupervisedStatus,
  type SupervisorOptions,
} from '@flowyard/launcher';
import { eventually } from '../../support/eventually.ts';
import type { FlowNodeInput } from '../../support/node-red-flows.ts';
import { killNodeRedsBelow } from '../../support/processes.ts';

export const STACK_FOLDER = join(import.meta.dirname, '../../../control-plane');
export const TOKEN = 'token-of-the-test';

export interface Supervised {
  folder: string;
  supervisor: NodeRedSupervisor;
  /** Every status that was told, oldest first. */
  statuses: SupervisedStatus[];
  events: Array<{ event: string; details: Record<string, unknown> }>;
  fetch(path: string, init?: RequestInit): Promise<Response>;
  text(path: string): Promise<string>;
  until(state: SupervisedStatus['state'], withinMs?: number): Promise<SupervisedStatus>;
  writeFlows(flows: FlowNodeInput[], credentials?: object): void;
}

type Overrides = Partial<Omit<SupervisorOptions, 'hub'>> & {
  configuration?: Partial<ChildConfiguration>;
  memoryMb?: number;
  credentialSecret?: string;
};

/** Folders and supervisors of one test file, cleared after each test. */
export class SupervisedTests {
  readonly #cleanups: Array<() => Promise<unknown>> = [];

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'flowyard-launcher-'));
    this.#cleanups.push(async () => {
      killNodeRedsBelow(folder);
      await rm(folder, { recursive: true, force: true });
    });
    return folder;
  }

  async supervise(flows: FlowNodeInput[], overrides: Overrides = {}): Promise<Supervised> {
    const folder = overrides.dataFolder ?? this.folder();
    const hub = new LinkHub();
    const link = await hub.listen(join(folder, `link-${Math.random().toString(36).slice(2, 8)}.sock`));
    const statuses: SupervisedStatus[] = [];
    const events: Supervised['events'] = [];
    const { configuration, memoryMb = 256, credentialSecret = 'secret', ...options } = overrides;
    const writeFlows = (next: FlowNodeInput[], credentials?: object) => {
      writeFileSync(join(folder, 'flows.json'), JSON.stringify(next));
      if (credentials) {
        writeFileSync(join(folder, 'flows_cred.json'), JSON.stringify(credentials));
      }
    };
    if (flows.length > 0) {
      writeFlows(flows);
    }
    const supervisor = new NodeRedSupervisor({
      hub,
      token: TOKEN,
      dataFolder: folder,
      logFile: join(folder, 'node-red.log'),
      prepare: async () => ({
        nodePath: process.execPath,
        memoryMb,
        configuration: { ...configurationOf(folder, link.url, credentialSecret), ...configuration },
      }),
      onStatus: (status) => statuses.push(status),
      onEvent: (event, details) => events.push({ event, details }),
      ...options,
    });
    this.#cleanups.unshift(async () => {
      await supervisor.stop();
      supervisor.dispose();
      await link.close();
      hub.close();
    });
    const fetchPath = (path: string, init?: RequestInit) =>
      fetch(`http://127.0.0.1:${supervisor.status.port}${path}`, {
        signal: AbortSignal.timeout(10_000),
        ...init,
      });
    return {
      folder,
      supervisor,
      statuses,
      events,
      writeFlows,
      fetch: fetchPath,
      text: async (path) => (await fetchPath(path)).text(),
      until: (state, withinMs = 20_000) =>
        eventually(() => supervisor.status.state === state && supervisor.status, { withinMs }),
    };
  }

  async clear(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0)) {
      await cleanup();
    }
  }
}

/** What a process on that folder is told. */
export function configurationOf(
  folder: string,
  url: string,
  credentialSecret = 'secret',
): Omit<ChildConfiguration, 'safeMode'> {
  return {
    folder,
    dataFolder: folder,
    flowsFolder: folder,
    stackFolder: STACK_FOLDER,
    compileCacheFolder: null,
    link: { url, token: TOKEN, addressFile: null },
    port: 0,
    editor: true,
    plugins: {},
    nodesFolders: [],
    binding: {
      subjectId: 'device1',
      title: 'Test',
      environment: {},
      credentialSecret,
      identityKey: null,
      token: TOKEN,
      generation: 1,
    },
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinkHub, NodeRedSupervisor, type SupervisedStatus } from '@flowyard/launcher';
import type { StackLocation } from '../driver.ts';

const TIMEOUT_MS = 60_000;
const TOKEN = 'stack-test';

/** Starts Node-RED from a stack and asks for the editor. Rejects when it does not answer. */
export async function testStack(stack: StackLocation, signal: AbortSignal): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'flowyard-stack-'));
  const hub = new LinkHub();
  const link = await hub.listen(join(folder, 'link.sock'));
  let onStatus: (status: SupervisedStatus) => void = () => {};
  const supervisor = new NodeRedSupervisor({
    hub,
    token: TOKEN,
    dataFolder: folder,
    logFile: join(folder, 'node-red.log'),
    prepare: async () => ({
      nodePath: stack.nodePath,
      memoryMb: null,
      configuration: {
        folder,
        dataFolder: folder,
        flowsFolder: folder,
        stackFolder: stack.folder,
        compileCacheFolder: null,
        link: { url: link.url, token: TOKEN, addressFile: null },
        port: 0,
        editor: true,
        plugins: {},
        nodesFolders: [],
        binding: {
          subjectId: 'stacktest',
          title: null,
          environment: {},
          credentialSecret: null,
          identityKey: null,
          token: TOKEN,
          generation: 0,
        },
      },
    }),
    onStatus: (status) => onStatus(status),
  });
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const port = await new Promise<number>((resolve, reject) => {
      limit.addEventListener('abort', () => reject(limit.reason), { once: true });
      onStatus = (status) => {
        if (status.state === 'running' && status.port !== null) {
          resolve(status.port);
        } else if (status.state === 'crashed' || status.state === 'error') {
          reject(new Error(`Node-RED of this stack does not start. ${status.reason}`));
        }
      };
      supervisor.start();
    });
    const response = await fetch(`http://127.0.0.1:${port}/`, { signal: limit });
    if (response.status !== 200) {
      throw new Error(`The editor of this stack answers ${response.status}`);
    }
  } finally {
    await supervisor.stop();
    supervisor.dispose();
    await link.close();
    hub.close();
    await rm(folder, { recursive: true, force: true });
  }
}

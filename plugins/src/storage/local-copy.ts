import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RemoteFlows } from './control-plane-client.ts';

/** A deploy that the control plane does not have yet. */
export interface PendingDeploy extends RemoteFlows {
  /** The signed identity of who deployed, for the audit log. */
  identity: string | undefined;
  at: string;
}

/**
 * The flows as files beside Node-RED: what was last read or written, so that an instance starts without the control
 * plane, and what is still to be delivered to it. In both, `revision` is the one that the control plane has.
 */
export class LocalCopy {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = join(folder, '.flowyard');
  }

  read(): Promise<RemoteFlows | null> {
    return this.#read('flows.json');
  }

  write(flows: RemoteFlows): Promise<void> {
    return this.#write('flows.json', flows);
  }

  readPending(): Promise<PendingDeploy | null> {
    return this.#read('pending.json');
  }

  writePending(deploy: PendingDeploy): Promise<void> {
    return this.#write('pending.json', deploy);
  }

  removePending(): Promise<void> {
    return rm(join(this.#folder, 'pending.json'), { force: true });
  }

  /** Puts a deploy aside that cannot be delivered any more. Resolves with the name of the file. */
  async setAside(deploy: PendingDeploy): Promise<string> {
    const name = `conflict-${deploy.at.replace(/[^0-9]/g, '')}.json`;
    await this.#write(name, deploy);
    await this.removePending();
    return join('.flowyard', name);
  }

  async #read<T extends RemoteFlows>(name: string): Promise<T | null> {
    try {
      const value = JSON.parse(await readFile(join(this.#folder, name), 'utf8'));
      return Array.isArray(value?.flows) && typeof value.revision === 'number' ? value : null;
    } catch {
      return null;
    }
  }

  /** Written aside, synced and renamed: a power cut leaves the old file or the new one. */
  async #write(name: string, value: unknown): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, name);
    const file = await open(`${path}.tmp`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(value));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.tmp`, path);
  }
}

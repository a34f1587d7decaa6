import type { Changes } from '../../relay/changes.ts';

/** Who has the editor of a device open, as the tunnels of this process know it. */
export class DeviceEditors {
  readonly #changes: Changes;
  readonly #open = new Map<string, Map<string, number>>();

  constructor(changes: Changes) {
    this.#changes = changes;
  }

  of(deviceId: string): string[] {
    return [...(this.#open.get(deviceId)?.keys() ?? [])].sort();
  }

  /** Somebody opened it; the returned function says that they closed it. */
  opened(deviceId: string, username: string): () => void {
    this.#add(deviceId, username, 1);
    return () => this.#add(deviceId, username, -1);
  }

  #add(deviceId: string, username: string, by: number): void {
    const people = this.#open.get(deviceId) ?? new Map<string, number>();
    this.#open.set(deviceId, people);
    const count = (people.get(username) ?? 0) + by;
    if (count > 0) {
      people.set(username, count);
    } else {
      people.delete(username);
    }
    if (people.size === 0) {
      this.#open.delete(deviceId);
    }
    this.#changes.entity({ kind: 'device', id: deviceId, teamId: null, applicationId: null });
  }
}

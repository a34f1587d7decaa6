import { setTimeout as wait } from 'node:timers/promises';
import type { AgentCommand, FlowNode } from '@flowyard/protocol';
import { AgentClient } from './agent-client.ts';
import { answeringFlow } from './builders.ts';
import { eventually } from './eventually.ts';

/**
 * A device of which snapshots can be taken: it sends what it runs whenever it is asked, and keeps what it has to tell
 * until that was acknowledged, as agents do.
 */
export class SnapshotAgent {
  /** What it runs when it is asked. */
  flows: FlowNode[] = answeringFlow('one');
  /** The snapshot that it was given. */
  base: string | null = null;
  readonly #url: string;
  readonly #token: string;
  #client: AgentClient | undefined;
  #told = 0;
  #untold: Array<{ seq: number; at: string; ageMs: number; body: object }> = [];

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Says hello, and tells what was not acknowledged before. */
  async connect(capabilities = ['snapshot', 'spool']): Promise<void> {
    const client = await AgentClient.connect(this.#url, this.#token);
    this.#client = client;
    client.hello({ capabilities });
    void this.#listen(client);
    this.#tell();
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }

  /** Somebody deploys on the device; resolves when the control plane has taken in that it was so. */
  async deploy(flows: FlowNode[], username = 'ada'): Promise<void> {
    this.beginDeploy(flows, username);
    await eventually(() => this.#untold.length === 0);
  }

  /** The same without waiting for that. */
  beginDeploy(flows: FlowNode[], username = 'ada'): void {
    this.flows = flows;
    this.#told += 1;
    const body = { event: 'flows-deployed', details: { username } };
    this.#untold.push({ seq: this.#told, at: new Date().toISOString(), ageMs: 0, body });
    this.#tell();
  }

  #tell(): void {
    if (this.#untold.length > 0 && this.#client?.closeCode === undefined) {
      this.#client?.send({ type: 'spool', epoch: 'e1', stream: 'events', entries: this.#untold });
    }
  }

  async #listen(client: AgentClient): Promise<void> {
    for (let next = 0; client.closeCode === undefined; ) {
      const command = client.commands[next];
      if (command === undefined) {
        await wait(20);
        continue;
      }
      next += 1;
      await this.#follow(command);
    }
  }

  async #follow(command: AgentCommand): Promise<void> {
    if (command.type === 'spool-ack') {
      this.#untold = this.#untold.filter(({ seq }) => seq > command.seq);
    } else if (command.type === 'take-snapshot') {
      // A control plane that has ended meanwhile asks again.
      await this.#send(command.id).catch(() => undefined);
    }
  }

  async #send(requestId: string): Promise<void> {
    const runs = {
      flows: this.flows,
      credentials: {},
      modules: {},
      nodeRed: '4.1.15',
      nodeJs: '20.0.0',
    };
    await fetch(`${this.#url}/api/v1/agent/snapshots`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ requestId, baseSnapshotId: this.base, ...runs }),
    });
  }
}

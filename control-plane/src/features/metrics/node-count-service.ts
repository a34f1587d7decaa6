import type { AuditEventName, NodeCountsView } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import { conflict, notFound } from '../../errors.ts';
import type { NodeCounter } from './node-counter.ts';

interface Parts {
  db: Database;
  counter: NodeCounter;
}

/** Counting messages by node, as people ask for it. */
export class NodeCountService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  view(instanceId: string): NodeCountsView {
    return this.#parts.counter.viewOf(instanceId);
  }

  /** A count that is under way is left alone: somebody looks at it. */
  async start(actor: Actor, instanceId: string, minutes: number): Promise<NodeCountsView> {
    const { counter } = this.#parts;
    if (!counter.isCounting(instanceId)) {
      if (!counter.start(instanceId, minutes * 60)) {
        throw conflict('instance_not_running', 'Its Node-RED does not run: start the instance, then count.');
      }
      await this.#record(actor, instanceId, 'instance.count-started', { minutes });
    }
    return this.view(instanceId);
  }

  async end(actor: Actor, instanceId: string): Promise<void> {
    const { counter } = this.#parts;
    if (counter.isCounting(instanceId)) {
      counter.end(instanceId);
      await this.#record(actor, instanceId, 'instance.count-ended', {});
    }
  }

  async #record(
    actor: Actor,
    id: string,
    event: AuditEventName,
    details: Record<string, unknown>,
  ): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      const instance = await tx.stores.instances.find(id);
      if (instance === null) {
        throw notFound('instance');
      }
      const { name, teamId, applicationId } = instance;
      const subject = { kind: 'instance' as const, id, name };
      await tx.audit({ event, actor: auditActor(actor), teamId, applicationId, subject, details });
    });
  }
}

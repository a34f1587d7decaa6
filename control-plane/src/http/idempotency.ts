import { createHash } from 'node:crypto';
import type { Operation } from '@flowyard/protocol';
import type { Actor } from '../access/actor.ts';
import type { Stores } from '../db/stores.ts';
import type { Vault } from '../secrets/vault.ts';

interface Answer {
  status: number;
  answer: unknown;
}

interface Attempt {
  operation: Operation;
  actor: Actor | null;
  key: string | null;
  path: string;
}

/**
 * Makes a request that is sent twice with the same Idempotency-Key happen once: the second one gets the answer
 * of the first. Answers may hold tokens that are shown once, so they are kept sealed.
 */
export class Idempotency {
  readonly #stores: Stores;
  readonly #vault: Vault;
  readonly #underWay = new Map<string, Promise<Answer>>();

  constructor(stores: Stores, vault: Vault) {
    this.#stores = stores;
    this.#vault = vault;
  }

  async once(attempt: Attempt, work: () => Promise<Answer>): Promise<Answer> {
    if (attempt.key === null || attempt.operation.method !== 'POST' || attempt.actor === null) {
      return work();
    }
    const key = storedKey(attempt.actor, attempt);
    const same = this.#underWay.get(key);
    if (same !== undefined) {
      return same;
    }
    const result = this.#rememberOrDo(key, work);
    this.#underWay.set(key, result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #rememberOrDo(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const known = await this.#stores.idempotency.find(key);
    if (known !== null) {
      return { status: known.status, answer: JSON.parse(this.#vault.unseal(known.body)) };
    }
    const done = await work();
    await this.#stores.idempotency.insert(
      key,
      done.status,
      this.#vault.seal(JSON.stringify(done.answer ?? null)),
    );
    return done;
  }
}

function storedKey(actor: Actor, attempt: Attempt): string {
  const who =
    actor.kind === 'user' ? actor.userId : actor.kind === 'instance' ? actor.instanceId : actor.kind;
  return createHash('sha256')
    .update(JSON.stringify([who, attempt.operation.id, attempt.path, attempt.key]))
    .digest('hex');
}

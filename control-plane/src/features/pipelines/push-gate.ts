import type { Actor } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import type { Vault } from '../../secrets/vault.ts';
import { missingVariables } from './missing-variables.ts';
import { missingAt } from './push-refusals.ts';
import { readSource } from './push-source.ts';
import type { StagePair, StageRights } from './stage-rights.ts';

interface Parts {
  db: Database;
  vault: Vault;
  rights: StageRights;
}

/** What a push has to pass before it is asked for, by a person, a program or a trigger. */
export class PushGate {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @throws AppError 403 for who may not, 409 when the stage wants variables that are missing */
  async pass(actor: Actor, stageId: string, snapshotId: string | undefined): Promise<StagePair> {
    const { db, vault, rights } = this.#parts;
    const pair = await rights.requirePush(actor, stageId);
    if (pair.to.missingVariables === 'refuse') {
      const { manifest } = await readSource(db.stores, vault, pair.from, snapshotId);
      const [refusal] = missingAt(
        pair.to,
        await missingVariables(db.stores, pair.to.target, manifest.variables),
      );
      if (refusal) {
        throw refusal;
      }
    }
    return pair;
  }
}

import type { Actor } from '../../access/actor.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import { missingVariables } from './missing-variables.ts';
import { missingAt } from './push-refusals.ts';
import { type PushSource, readSource, type SourceParts } from './push-source.ts';
import type { StagePair } from './stage-pair.ts';
import type { StageRights } from './stage-rights.ts';
import type { StageRow } from './store.ts';

interface Parts extends SourceParts {
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
    const pair = await this.#parts.rights.requirePush(actor, stageId);
    if (pair.to.missingVariables === 'refuse') {
      await this.#refuseMissing(pair.to, await readSource(this.#parts, pair.from, snapshotId));
    }
    return pair;
  }

  /** For what was pushed there once before; throws as `pass` does. */
  async passAgain(actor: Actor, to: StageRow, snapshotId: string): Promise<void> {
    await this.#parts.rights.requireInto(actor, to);
    const snapshot = await this.#parts.db.stores.snapshots.find(snapshotId);
    if (to.missingVariables === 'refuse' && snapshot !== null) {
      await this.#refuseMissing(to, { manifest: manifestOf(snapshot) });
    }
  }

  async #refuseMissing(to: StageRow, { manifest }: Pick<PushSource, 'manifest'>): Promise<void> {
    const missing = await missingVariables(this.#parts.db.stores, to.target, manifest.variables);
    const [refusal] = missingAt(to, missing);
    if (refusal) {
      throw refusal;
    }
  }
}

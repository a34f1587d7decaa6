import { roleMay, type StageRightsView } from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Access, Scope } from '../../access/authorize.ts';
import type { Database } from '../../db/database.ts';
import { AppError, conflict, forbidden } from '../../errors.ts';
import { readStagePair, type StagePair } from './stage-pair.ts';
import type { StageRow } from './store.ts';

/** Why something is refused; null when it is not. */
async function reasonOf(asked: Promise<unknown>): Promise<string | null> {
  try {
    await asked;
    return null;
  } catch (error) {
    if (error instanceof AppError) {
      return error.message;
    }
    throw error;
  }
}

/** Who may push from one stage into the next. Their targets may be in different applications: each is asked. */
export class StageRights {
  readonly #db: Database;
  readonly #access: Access;

  constructor(parts: { db: Database; access: Access }) {
    this.#db = parts.db;
    this.#access = parts.access;
  }

  /** @throws AppError 403 when this actor may not push from this stage into the next one, and why */
  async requirePush(actor: Actor, stageId: string): Promise<StagePair> {
    const pair = await readStagePair(this.#db.stores, stageId);
    const [from, to] = [await this.requireRead(actor, pair.from), await this.requireInto(actor, pair.to)];
    if (from.teamId !== to.teamId) {
      throw conflict('other_team', `${pair.from.name} and ${pair.to.name} are in different teams by now.`);
    }
    return pair;
  }

  /** What an actor may do at each stage of a pipeline, and why not. */
  async ofPipeline(actor: Actor, pipelineId: string): Promise<StageRightsView[]> {
    const stages = await this.#db.stores.pipelines.stagesOf([pipelineId]);
    const atAll = await reasonOf(this.#access.authorize(actor, 'pipeline:deploy', 'pipeline', pipelineId));
    const rights: StageRightsView[] = [];
    for (const [index, stage] of stages.entries()) {
      const into = atAll ?? (await reasonOf(this.requireInto(actor, stage)));
      const before = stages[index - 1];
      const from = before === undefined ? null : await reasonOf(this.requireRead(actor, before));
      const whyNot = into ?? from;
      rights.push({ id: stage.id, mayPush: whyNot === null, mayApprove: into === null, whyNot });
    }
    return rights;
  }

  /** What a stage runs is for those only who may read snapshots where its target is. */
  requireRead(actor: Actor, { name, target }: StageRow): Promise<Scope> {
    return this.#inItsApplication(name, () =>
      this.#access.authorize(actor, 'snapshot:read', target.kind, target.id),
    );
  }

  async requireInto(actor: Actor, stage: StageRow): Promise<Scope> {
    const { name, target } = stage;
    const scope = await this.#inItsApplication(name, () =>
      this.#access.authorize(actor, 'pipeline:deploy', target.kind, target.id),
    );
    if (stage.pushers === 'owners' && !roleMay(scope.role, 'pipeline:deploy-protected')) {
      throw forbidden(`The stage ${name} is protected: only owners push into it.`);
    }
    if (stage.pushers === 'people' && !(await this.#isNamed(actor, stage.id))) {
      throw forbidden(`The stage ${name} is protected: only those who are named for it push into it.`);
    }
    return scope;
  }

  async #isNamed(actor: Actor, stageId: string): Promise<boolean> {
    const people = await this.#db.stores.pipelines.peopleOf([stageId]);
    return actor.kind === 'user' && people.some(({ id }) => id === actor.userId);
  }

  /** The pipeline is visible, so a target in another application is not kept secret: the reason is told. */
  async #inItsApplication<T>(stage: string, authorize: () => Promise<T>): Promise<T> {
    try {
      return await authorize();
    } catch (error) {
      if (error instanceof Error && 'status' in error && error.status === 404) {
        throw forbidden(
          `What the stage ${stage} leads to is deleted, or in an application in which you may not do this.`,
        );
      }
      throw error;
    }
  }
}

import {
  type ListQuery,
  type MissingFeature,
  NO_LIMITS,
  NO_TERMS,
  type Page,
  type TeamLimits,
  type TeamLimitsChange,
  type TeamTerms,
  type UsageItem,
} from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { missingFeatures } from './features.ts';
import { readUsage } from './limits.ts';
import type { TeamTypeRow } from './store.ts';

type TermsChange = { [K in keyof TeamTerms]?: TeamTerms[K] | undefined };

function changedTerms(terms: TeamTerms, change: TermsChange): TeamTerms {
  return {
    without: [...new Set(change.without ?? terms.without)],
    devicePrice: change.devicePrice === undefined ? terms.devicePrice : change.devicePrice,
    allowance: change.allowance === undefined ? terms.allowance : change.allowance,
  };
}

function changed(limits: TeamLimits, change: TeamLimitsChange = {}): TeamLimits {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  return { ...limits, ...Object.fromEntries(given) };
}

function facts({ limits, without, devicePrice, allowance }: { limits: TeamLimits } & TeamTerms) {
  return { ...limits, without, devicePrice, allowance };
}

/** What kinds of teams there are, and what each may have. */
export class TeamTypeService {
  readonly #db: Database;

  constructor(parts: { db: Database }) {
    this.#db = parts.db;
  }

  list(query: ListQuery): Promise<Page<TeamTypeRow>> {
    return this.#db.stores.teamTypes.list(query);
  }

  /** What a team has beside what its type, or the one that is asked about, allows. */
  async usage(
    teamId: string,
    teamTypeId?: string,
  ): Promise<{ items: UsageItem[]; without: MissingFeature[] }> {
    const { stores } = this.#db;
    const type =
      teamTypeId === undefined
        ? await stores.teamTypes.findOf(teamId)
        : await stores.teamTypes.find(teamTypeId);
    if (type === null) {
      throw invalid('teamTypeId', 'is not a team type; GET /team-types lists them');
    }
    return {
      items: await readUsage(stores, teamId, type.limits),
      without: await missingFeatures(stores, teamId, type.without),
    };
  }

  async create(
    actor: UserActor,
    input: { name: string; limits?: TeamLimitsChange | undefined } & TermsChange,
  ): Promise<TeamTypeRow> {
    const type = {
      id: newId(),
      name: input.name,
      limits: changed(NO_LIMITS, input.limits),
      ...changedTerms(NO_TERMS, input),
      default: false,
    };
    return this.#db.transact(async (tx) => {
      await this.#checkInstanceTypes(tx, type.limits);
      await tx.stores.teamTypes.insert(type);
      await this.#record(tx, actor, 'team-type.created', type, { after: facts(type) });
      return this.#require(tx, type.id);
    });
  }

  async update(
    actor: UserActor,
    id: string,
    changes: {
      name?: string | undefined;
      limits?: TeamLimitsChange | undefined;
      default?: true | undefined;
    } & TermsChange,
  ): Promise<TeamTypeRow> {
    return this.#db.transact(async (tx) => {
      const before = await this.#require(tx, id);
      const limits = changed(before.limits, changes.limits);
      await this.#checkInstanceTypes(tx, limits);
      await tx.stores.teamTypes.update(id, {
        name: changes.name ?? before.name,
        limits,
        ...changedTerms(before, changes),
      });
      if (changes.default) {
        await tx.stores.teamTypes.makeDefault(id);
      }
      const after = await this.#require(tx, id);
      await this.#record(tx, actor, 'team-type.changed', before, {
        before: { name: before.name, default: before.default, ...facts(before) },
        after: { name: after.name, default: after.default, ...facts(after) },
      });
      return after;
    });
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const type = await this.#require(tx, id);
      if (type.default) {
        throw conflict(
          'is_default',
          `${type.name} is the default. Make another team type the default first.`,
        );
      }
      if (type.teams > 0) {
        throw conflict('in_use', `${type.teams} teams have this type. Give them another one first.`, {
          teams: type.teams,
        });
      }
      await tx.stores.teamTypes.delete(id);
      await this.#record(tx, actor, 'team-type.deleted', type);
    });
  }

  async #checkInstanceTypes(tx: Transaction, limits: TeamLimits): Promise<void> {
    for (const id of Object.keys(limits.instancesByType)) {
      if ((await tx.stores.instanceTypes.find(id)) === null) {
        throw invalid('limits.instancesByType', `names ${id}, which is not an instance type`);
      }
    }
  }

  async #require(tx: Transaction, id: string): Promise<TeamTypeRow> {
    const type = await tx.stores.teamTypes.find(id);
    if (type === null) {
      throw notFound('team type');
    }
    return type;
  }

  #record(
    tx: Transaction,
    actor: UserActor,
    event: 'team-type.created' | 'team-type.changed' | 'team-type.deleted',
    { id, name }: { id: string; name: string },
    details?: Record<string, unknown>,
  ): Promise<void> {
    return tx.audit({
      event,
      actor: auditActor(actor),
      teamId: null,
      applicationId: null,
      subject: { kind: 'team-type', id, name },
      ...(details && { details }),
    });
  }
}

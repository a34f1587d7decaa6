import type { Stores } from '../../db/stores.ts';
import { invalid } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { NewInstance, VariableRow } from '../instances/instance-row.ts';
import { declaredBy } from './presenter.ts';
import type { BlueprintRow } from './store.ts';
import { variablesFrom } from './variable-values.ts';

type Begun = Pick<
  NewInstance,
  'flowsDigest' | 'modules' | 'flowsRevision' | 'flowsChangedAt' | 'blueprintId' | 'blueprintVersion'
>;

/** What a new instance has from its blueprint; nothing without one. */
export async function beginWith(stores: Stores, blueprintId: string | undefined): Promise<Partial<Begun>> {
  if (blueprintId === undefined) {
    return {};
  }
  const blueprint = await requireBlueprint(stores, blueprintId);
  return {
    flowsDigest: blueprint.flowsDigest,
    modules: blueprint.modules,
    flowsRevision: 1,
    flowsChangedAt: new Date().toISOString(),
    blueprintId,
    blueprintVersion: blueprint.version,
  };
}

/** The variables that a blueprint asks for with the values that somebody entered. */
export async function askedVariables(
  stores: Stores,
  blueprintId: string,
  env: Record<string, string>,
  vault: Vault,
): Promise<VariableRow[]> {
  return variablesFrom(declaredBy(await requireBlueprint(stores, blueprintId)), env, vault);
}

async function requireBlueprint(stores: Stores, id: string): Promise<BlueprintRow> {
  const blueprint = await stores.blueprints.find(id);
  if (blueprint === null) {
    throw invalid('blueprintId', 'was deleted in the meantime');
  }
  return blueprint;
}

import type { Stores } from '../../db/stores.ts';
import { type AppError, conflict } from '../../errors.ts';
import { changeUnderWay } from '../instance-changes/service.ts';
import type { StageRow } from './store.ts';

/** What stands against a push into a stage, whoever asks for it; the first of them is what a push is refused with. */
export async function refusalsOf(
  stores: Stores,
  to: StageRow,
  missing: readonly string[],
): Promise<AppError[]> {
  return [
    ...(await deploymentInto(stores, to)),
    ...(await targetAgainst(stores, to)),
    ...(to.missingVariables === 'refuse' ? missingAt(to, missing) : []),
  ];
}

/** Of two who push to one place the second is told who is there already, and with what. */
export async function deploymentInto(stores: Stores, { target }: StageRow): Promise<AppError[]> {
  const other = await stores.deployments.unfinishedInto(target);
  if (other === null) {
    return [];
  }
  const since = `${other.createdAt.slice(11, 16)} UTC`;
  return [
    conflict(
      'deployment_running',
      `${other.author} is pushing “${other.snapshotName}” to ${other.toName} since ${since}. Wait for it or abort it first.`,
      { deploymentId: other.id, author: other.author, since: other.createdAt, state: other.state },
    ),
  ];
}

async function targetAgainst(stores: Stores, to: StageRow): Promise<AppError[]> {
  const { kind, id } = to.target;
  if (kind === 'instance') {
    const instance = await stores.instances.find(id);
    const refusal = instance && (await changeUnderWay(stores, instance));
    return instance === null ? [gone(to)] : refusal ? [refusal] : [];
  }
  if ((await stores.scopes.find(kind, id, null)) === null) {
    return [gone(to)];
  }
  const isEmpty = kind === 'device-group' && (await stores.devices.idsOf({ deviceGroupId: id })).length === 0;
  return isEmpty ? [emptyGroup(to)] : [];
}

export function emptyGroup({ name }: StageRow): AppError {
  return conflict('empty_group', `There is no device in ${name}. Add devices to the group first.`);
}

function gone({ name }: StageRow): AppError {
  return conflict(
    'target_gone',
    `What the stage ${name} leads to was deleted. Remove the stage, or restore it.`,
  );
}

/** Of a stage that takes no push while variables are missing. */
export function missingAt({ name }: StageRow, missing: readonly string[]): AppError[] {
  return missing.length === 0
    ? []
    : [
        conflict(
          'missing_variables',
          `${name} takes no push while variables are missing there: ${missing.join(', ')}. Give them values there first.`,
          { variables: missing },
        ),
      ];
}

import type { BlueprintVariable, BlueprintView } from '@flowyard/protocol';
import type { BlueprintRow } from './store.ts';

export function declaredBy(row: Pick<BlueprintRow, 'variables'>): BlueprintVariable[] {
  return JSON.parse(row.variables);
}

function pictureOf({ id, picture }: BlueprintRow): string | null {
  // The address changes with the picture, so that browsers can keep it.
  return picture === null ? null : `/api/v1/blueprints/${id}/picture?v=${picture.slice(7, 23)}`;
}

export function presentBlueprint(row: BlueprintRow, editable: boolean): BlueprintView {
  const { teamId, teamName } = row;
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    category: row.category,
    icon: row.icon,
    picture: pictureOf(row),
    scope: row.shippedKey !== null ? 'shipped' : teamId === null ? 'platform' : 'team',
    team: teamId === null ? null : { id: teamId, name: teamName ?? '' },
    active: row.active,
    version: row.version,
    variables: declaredBy(row),
    modules: JSON.parse(row.modules),
    flows: row.flows,
    nodes: row.nodes,
    nodeRed: row.nodeRed,
    author: row.author,
    editable,
    createdAt: row.createdAt,
    changedAt: row.changedAt,
  };
}

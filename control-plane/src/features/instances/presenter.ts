import { type FlowState, type InstanceView, instanceStatus, type Reference } from '@flowyard/protocol';
import { isProtected } from '../settings/levels.ts';
import type { InstanceRow } from './instance-row.ts';

/** What is measured of a running instance; never stored. */
export interface RuntimeFigures {
  memoryBytes: number;
  cpuPercent: number;
}

/** A reference to something that may not be there; without a name there is none. */
export function reference(id: string | null, name: string | null): Reference | null {
  return id !== null && name !== null ? { id, name } : null;
}

function presentChange(row: InstanceRow): InstanceView['change'] {
  const { changeId: id, changeState: state, changeStack, changeType, changeAuthor } = row;
  if (id === null || state === null) {
    return null;
  }
  const to = [changeStack, changeType].filter((name) => name !== null).join(', ');
  return { id, state, to, author: changeAuthor ?? '' };
}

function presentBlueprint(row: InstanceRow): InstanceView['blueprint'] {
  const { blueprintId: id, blueprintName: name, blueprintVersion: version, blueprintNewest: newest } = row;
  return id !== null && name !== null && version !== null && newest !== null
    ? { id, name, version, newest }
    : null;
}

/** What is known of an instance beside its row. */
interface InstanceExtras {
  url: string;
  figures: RuntimeFigures | undefined;
  flow: FlowState;
}

export function presentInstance(row: InstanceRow, { url, figures, flow }: InstanceExtras): InstanceView {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    url,
    teamId: row.teamId,
    application: { id: row.applicationId, name: row.applicationName },
    instanceType: { id: row.instanceTypeId, name: row.instanceTypeName },
    stack: { id: row.stackId, name: row.stackName },
    template: { id: row.templateId, name: row.templateName },
    protected: isProtected(row),
    blueprint: presentBlueprint(row),
    stackUpdate: reference(row.stackUpdateId, row.stackUpdateName),
    change: presentChange(row),
    trial:
      row.trialUntil === null ? null : { of: reference(row.trialOf, row.trialOfName), until: row.trialUntil },
    desired: row.desired,
    state: row.state,
    status: instanceStatus(row.state),
    step: row.step,
    reason: row.reason,
    since: row.since,
    flowsRevision: row.flowsRevision,
    flowsChangedAt: row.flowsChangedAt,
    flowsChangedBy: row.flowsChangedBy,
    runningSnapshot: reference(row.runningSnapshotId, row.runningSnapshotName),
    targetSnapshot: reference(row.targetSnapshotId, row.targetSnapshotName),
    flow,
    leftOut: row.leftOut === null ? null : JSON.parse(row.leftOut),
    memoryBytes: figures?.memoryBytes ?? null,
    cpuPercent: figures?.cpuPercent ?? null,
    createdAt: row.createdAt,
  };
}

import { deviceStatus, instanceStatus, type StageView } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import type { DeviceGroupRow } from '../device-groups/store.ts';
import type { DeviceRow } from '../devices/device-row.ts';
import { presenceOf, resolveTarget } from '../devices/presenter.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { reference } from '../instances/presenter.ts';
import { isProtected } from '../settings/levels.ts';
import type { StagePerson, StageRow } from './store.ts';

type Facts = Pick<StageView, 'status' | 'devices' | 'snapshot'> & {
  name: string;
  applicationId: string | null;
  protected?: boolean;
};

const GONE: Facts = { name: '(deleted)', applicationId: null, status: null, devices: null, snapshot: null };

/** What runs in each of these stages and how it is; four queries for any number of them. */
export async function readStages(stores: Stores, stages: StageRow[]): Promise<StageView[]> {
  const idsOf = (kind: StageRow['target']['kind']) =>
    stages.filter(({ target }) => target.kind === kind).map(({ target }) => target.id);
  const facts = new Map<string, Facts>();
  for (const row of await stores.instances.findMany(idsOf('instance'))) {
    facts.set(row.id, instanceFacts(row));
  }
  for (const row of await stores.devices.findMany(idsOf('device'))) {
    facts.set(row.id, deviceFacts(row));
  }
  for (const row of await stores.deviceGroups.findMany(idsOf('device-group'))) {
    facts.set(row.id, groupFacts(row));
  }
  const named = stages.filter(({ pushers }) => pushers === 'people').map(({ id }) => id);
  const people = await stores.pipelines.peopleOf(named);
  return stages.map((stage) => presentStage(stage, facts.get(stage.target.id) ?? GONE, people));
}

function presentStage(
  stage: StageRow,
  { name, applicationId, protected: isTargetProtected = false, ...facts }: Facts,
  people: readonly StagePerson[],
): StageView {
  return {
    id: stage.id,
    name: stage.name,
    position: stage.position,
    action: stage.action,
    protected: stage.pushers !== 'members',
    pushers: stage.pushers,
    people: people
      .filter(({ stageId }) => stageId === stage.id)
      .map(({ id, name: person }) => ({ id, name: person })),
    approval: stage.approval,
    missingVariables: stage.missingVariables,
    rollout: stage.rollout,
    target: { ...stage.target, name, applicationId, protected: isTargetProtected },
    ...facts,
  };
}

function instanceFacts(row: InstanceRow): Facts {
  return {
    name: row.name,
    applicationId: row.applicationId,
    protected: isProtected(row),
    status: instanceStatus(row.state),
    devices: null,
    snapshot: reference(row.runningSnapshotId, row.runningSnapshotName),
  };
}

function deviceFacts(row: DeviceRow): Facts {
  const targetSnapshotId = resolveTarget(row)?.snapshotId ?? null;
  const { mode, state, runningSnapshotId } = row;
  return {
    name: row.name,
    applicationId: row.applicationId,
    status: deviceStatus({ mode, presence: presenceOf(row), state, targetSnapshotId, runningSnapshotId }),
    devices: null,
    snapshot: reference(runningSnapshotId, row.runningSnapshotName),
  };
}

function groupFacts(row: DeviceGroupRow): Facts {
  return {
    name: row.name,
    applicationId: row.applicationId,
    status: null,
    devices: { total: row.devices, online: row.online, onTarget: row.onTarget },
    snapshot: reference(row.targetSnapshotId, row.targetSnapshotName),
  };
}

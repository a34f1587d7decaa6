import {
  type DeviceFailureView,
  type DeviceView,
  deviceStatus,
  driftOf,
  type FlowState,
  hostWarnings,
  NO_FLOW_STATE,
  type Presence,
  thresholdWarnings,
} from '@flowyard/protocol';
import { type RuntimeFigures, reference } from '../instances/presenter.ts';
import { hostThresholds } from './device-levels.ts';
import type { DeviceRow } from './device-row.ts';
import type { SeenHost } from './host-recorder.ts';
import type { DeviceFailureRow } from './spool-store.ts';

/** The target of a device and where it comes from: its own, its group's, its instance's. */
export function resolveTarget(
  row: Pick<DeviceRow, 'ownTargetId' | 'rolloutTargetId' | 'groupTargetId' | 'instanceTargetId'>,
): { snapshotId: string; origin: 'device' | 'device-group' | 'instance' } | null {
  if (row.ownTargetId !== null) {
    return { snapshotId: row.ownTargetId, origin: 'device' };
  }
  const ofGroup = row.rolloutTargetId ?? row.groupTargetId;
  if (ofGroup !== null) {
    return { snapshotId: ofGroup, origin: 'device-group' };
  }
  return row.instanceTargetId === null ? null : { snapshotId: row.instanceTargetId, origin: 'instance' };
}

/** All that gives a device a target, the strongest first. */
function targetChain(row: DeviceRow): DeviceView['targets'] {
  const [groupTargetId, groupTargetName] =
    row.rolloutTargetId === null
      ? [row.groupTargetId, row.groupTargetName]
      : [row.rolloutTargetId, row.rolloutTargetName];
  const links = [
    ['device', row.id, row.name, row.ownTargetId, row.ownTargetName],
    ['device-group', row.deviceGroupId, row.deviceGroupName, groupTargetId, groupTargetName],
    ['instance', row.instanceId, row.instanceName, row.instanceTargetId, row.instanceTargetName],
  ] as const;
  return links.flatMap(([origin, id, name, snapshotId, snapshotName]) => {
    const owner = reference(id, name);
    const snapshot = reference(snapshotId, snapshotName);
    return owner && snapshot ? [{ origin, owner, snapshot }] : [];
  });
}

export function presenceOf(row: Pick<DeviceRow, 'online' | 'lastSeenAt'>): Presence {
  if (row.online) {
    return 'online';
  }
  return row.lastSeenAt === null ? 'never' : 'offline';
}

/** What is known of a device beside its row. */
export interface DeviceExtras {
  figures: RuntimeFigures | undefined;
  /** Newer than what is in its row. */
  host: SeenHost | undefined;
  /** The address of its editor. */
  url: string;
  editors: string[];
}

function presentDeveloper(row: DeviceRow, { url, editors }: DeviceExtras): DeviceView['developer'] {
  return row.mode === 'fleet'
    ? null
    : {
        since: row.developerSince ?? row.since,
        until: row.developerUntil,
        by: row.developerBy ?? '',
        edited: row.edited,
        url,
        editors,
      };
}

/** What the flows of a device say; of one that is away, nothing is known. */
export function flowOfDevice(row: Pick<DeviceRow, 'online' | 'flowState'>): FlowState {
  return row.online && row.flowState !== null ? JSON.parse(row.flowState) : NO_FLOW_STATE;
}

function presentHost(row: DeviceRow, { host }: DeviceExtras): DeviceView['host'] {
  const seen = host ?? (row.host === null ? null : (JSON.parse(row.host) as SeenHost));
  return (
    seen && {
      ...seen,
      warnings: [...hostWarnings(seen), ...thresholdWarnings(seen, hostThresholds(row))],
    }
  );
}

/** Why a device does not run its target. */
export function driftOfDevice(row: DeviceRow): DeviceView['drift'] {
  const target = resolveTarget(row);
  return driftOf({
    ...row,
    presence: presenceOf(row),
    knownGeneration: row.currentGeneration,
    target: reference(target?.snapshotId ?? null, row.targetSnapshotName),
    running: reference(row.runningSnapshotId, row.runningSnapshotName),
  });
}

export function presentDevice(row: DeviceRow, extras: DeviceExtras): DeviceView {
  const { figures } = extras;
  const target = resolveTarget(row);
  const presence = presenceOf(row);
  const targetSnapshotId = target?.snapshotId ?? null;
  return {
    id: row.id,
    name: row.name,
    type: row.type,
    teamId: row.teamId,
    application: reference(row.applicationId, row.applicationName),
    instance: reference(row.instanceId, row.instanceName),
    deviceGroup: reference(row.deviceGroupId, row.deviceGroupName),
    presence,
    state: row.state,
    status: deviceStatus({
      mode: row.mode,
      presence,
      state: row.state,
      targetSnapshotId,
      runningSnapshotId: row.runningSnapshotId,
    }),
    // What a device was at when it went away says nothing about now.
    step: row.online ? row.step : null,
    progress: row.online ? row.progress : null,
    reason: row.reason,
    flow: flowOfDevice(row),
    since: row.since,
    lastSeenAt: row.lastSeenAt,
    targetSnapshot: reference(targetSnapshotId, row.targetSnapshotName),
    targetOrigin: target?.origin ?? null,
    targets: targetChain(row),
    labels: row.labels,
    runningSnapshot: reference(row.runningSnapshotId, row.runningSnapshotName),
    previousSnapshot: reference(row.previousSnapshotId, row.previousSnapshotName),
    drift: driftOfDevice(row),
    agentVersion: row.agentVersion,
    nodeRed: row.nodeRed,
    nodeJs: row.nodeJs,
    platform: row.platform,
    clockSkewMs: row.clockSkewMs,
    memoryBytes: row.online ? (figures?.memoryBytes ?? null) : null,
    cpuPercent: row.online ? (figures?.cpuPercent ?? null) : null,
    host: presentHost(row, extras),
    mode: row.mode,
    runningMode: row.runningMode,
    developer: presentDeveloper(row, extras),
    otherMachine: row.otherMachine === null ? null : JSON.parse(row.otherMachine),
    renewal:
      row.oldTokenUntil === null ? null : { oldUntil: row.oldTokenUntil, taken: row.nextToken === null },
    createdAt: row.createdAt,
  };
}

export function presentFailure(row: DeviceFailureRow): DeviceFailureView {
  const { id, at, deviceTime, snapshotId, snapshotName, reason, log } = row;
  const kind = row.event as DeviceFailureView['kind'];
  return { id, at, deviceTime, kind, snapshot: reference(snapshotId, snapshotName), reason, log };
}

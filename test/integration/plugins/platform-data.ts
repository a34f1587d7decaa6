import {
  DEFAULT_ROLLOUT,
  type DeploymentView,
  type DryRunView,
  type PipelineView,
  type StageView,
} from '@flowyard/protocol';
import { buildDevice, buildSnapshotView } from '../../unit/nodes/builders.ts';
import { type FakePlatform, page } from '../nodes/support/fake-platform.ts';

const TIME = '2026-01-01T00:00:00.000Z';

export const INSTANCE = {
  id: 'inst01',
  name: 'line-dev',
  application: { id: 'app001', name: 'Bottling line' },
  runningSnapshot: { id: 'snap02', name: 'Faster filling' },
  targetSnapshot: { id: 'snap01', name: 'Release 1' },
  flowsRevision: 7,
  flowsChangedBy: 'ada',
  flowsChangedAt: TIME,
};

export const SNAPSHOTS = [
  buildSnapshotView({
    id: 'snap02',
    name: 'Faster filling',
    description: 'Valve opens 40 ms earlier',
    kind: 'manual',
  }),
  buildSnapshotView({ id: 'snap01', name: 'Release 1', kind: 'deploy' }),
];

function buildStage(position: number, overrides: Partial<StageView>): StageView {
  return {
    id: `stage${position}`,
    name: `Stage ${position}`,
    position,
    action: 'create',
    protected: false,
    pushers: 'members',
    people: [],
    approval: false,
    missingVariables: 'warn',
    rollout: DEFAULT_ROLLOUT,
    target: {
      kind: 'instance',
      id: `inst0${position + 1}`,
      name: `line-${position}`,
      applicationId: 'app001',
      protected: false,
    },
    status: 'running',
    devices: null,
    snapshot: null,
    ...overrides,
  };
}

export function buildDeployment(overrides: Partial<DeploymentView> = {}): DeploymentView {
  const target = { kind: 'device', wave: 0, reason: null, toldAt: TIME, changedAt: TIME } as const;
  const counts = { total: 2, waiting: 0, updating: 1, succeeded: 1, failed: 0, skipped: 0, returned: 0 };
  return {
    id: 'depl01',
    pipelineId: 'pipe01',
    applicationId: 'app001',
    from: { id: 'stage1', name: 'Production' },
    to: { id: 'stage2', name: 'Line 1' },
    snapshot: { id: 'snap01', name: 'Release 1' },
    previous: null,
    state: 'running',
    message: null,
    author: 'ada',
    approval: null,
    policy: DEFAULT_ROLLOUT,
    startAt: null,
    waitsUntil: null,
    returning: false,
    wave: 0,
    waves: [{ state: 'running', counts, checkedUntil: null }],
    counts,
    targets: [
      { ...target, id: 'dev001', name: 'Filler 3', state: 'succeeded' },
      { ...target, id: 'dev002', name: 'Capper', state: 'updating' },
    ],
    createdAt: TIME,
    finishedAt: null,
    ...overrides,
  };
}

/** A push that adds two nodes and changes three, with a module. */
export function buildDryRun(overrides: Partial<DryRunView> = {}): DryRunView {
  return {
    from: { id: 'stage0', name: 'Development' },
    to: { id: 'inst02', name: 'line-prod' },
    snapshot: null,
    current: { id: 'inst02', name: 'line-prod' },
    comparison: {
      same: false,
      flows: { counts: { added: 2, changed: 3, removed: 0, moved: 0 }, flows: [], tabsReordered: false },
      credentials: 'unknown',
      settings: null,
      variables: [],
      modules: [{ name: 'node-red-x', change: 'added', before: null, after: '1.2.0' }],
      lock: 'unknown',
      runtime: [],
    },
    missingVariables: [],
    effects: { nothing: 0, flows: 0, restart: 0, install: 1, later: 0 },
    targets: [{ kind: 'instance', id: 'inst02', name: 'line-prod', effect: 'install', reason: null }],
    refusals: [],
    needsApproval: false,
    ...overrides,
  };
}

export const PIPELINE: PipelineView = {
  id: 'pipe01',
  name: 'To production',
  applicationId: 'app001',
  stages: [
    buildStage(0, {
      name: 'Development',
      target: { kind: 'instance', id: 'inst01', name: 'line-dev', applicationId: 'app001', protected: false },
    }),
    buildStage(1, {
      name: 'Production',
      protected: true,
      pushers: 'owners',
      action: 'prompt',
      target: {
        kind: 'instance',
        id: 'inst02',
        name: 'line-prod',
        applicationId: 'app001',
        protected: false,
      },
      snapshot: { id: 'snap01', name: 'Release 1' },
    }),
    buildStage(2, {
      name: 'Line 1',
      target: {
        kind: 'device-group',
        id: 'grp001',
        name: 'Fillers',
        applicationId: 'app001',
        protected: false,
      },
      status: null,
      devices: { total: 2, online: 2, onTarget: 1 },
      snapshot: { id: 'snap01', name: 'Release 1' },
    }),
  ],
  lastDeployment: null,
  createdAt: TIME,
};

export const DEVICES = [
  buildDevice({ deviceGroup: { id: 'grp001', name: 'Fillers' } }),
  buildDevice({
    id: 'dev002',
    name: 'Capper',
    deviceGroup: { id: 'grp001', name: 'Fillers' },
    status: 'drift',
    runningSnapshot: { id: 'snap00', name: 'Release 0' },
    reason: 'The module node-red-x is not in the registry.\nThe last lines of its log:\n[info] Started flows',
  }),
  buildDevice({ id: 'dev003', name: 'Labeller', status: 'offline', presence: 'offline', instance: INSTANCE }),
];

/** A control plane with one instance that has snapshots, a pipeline and devices. */
export function furnish(platform: FakePlatform): FakePlatform {
  platform.setValue('application/app001', INSTANCE.application);
  return platform
    .on('GET /instances/inst01', () => ({ status: 200, body: INSTANCE }))
    .on('GET /devices/dev001', () => ({ status: 200, body: DEVICES[0] }))
    .on('GET /devices/dev001/snapshots', () => ({ status: 200, body: page(SNAPSHOTS) }))
    .on('GET /instances/inst01/snapshots', () => ({ status: 200, body: page(SNAPSHOTS) }))
    .on('GET /applications/app001/snapshots', () => ({
      status: 200,
      body: page([
        ...SNAPSHOTS,
        buildSnapshotView({ owner: { kind: 'instance', id: 'inst02', name: 'line-prod' } }),
      ]),
    }))
    .on('GET /applications/app001/pipelines', () => ({
      status: 200,
      body: page([
        PIPELINE,
        { ...PIPELINE, id: 'pipe02', name: 'Not ours', stages: PIPELINE.stages.slice(1) },
      ]),
    }))
    .on('GET /applications/app001/devices', () => ({ status: 200, body: page(DEVICES) }));
}

import type { DeviceView, SnapshotView } from '@flowyard/protocol';

const TIME = '2026-01-01T00:00:00.000Z';

export function buildDevice(overrides: Partial<DeviceView> = {}): DeviceView {
  return {
    id: 'dev001',
    name: 'Filler 3',
    type: '',
    teamId: 'team01',
    application: { id: 'app001', name: 'Bottling line' },
    instance: null,
    deviceGroup: null,
    presence: 'online',
    state: 'running',
    status: 'running',
    step: null,
    progress: null,
    reason: null,
    flow: { unwell: null, unproven: false, hold: null },
    since: TIME,
    lastSeenAt: TIME,
    targetSnapshot: { id: 'snap01', name: 'Release 1' },
    targetOrigin: 'device',
    targets: [],
    labels: [],
    runningSnapshot: { id: 'snap01', name: 'Release 1' },
    drift: null,
    host: null,
    agentVersion: '0.1.0',
    nodeRed: '4.1.15',
    nodeJs: 'v20.20.2',
    platform: 'linux x64',
    clockSkewMs: 0,
    memoryBytes: null,
    cpuPercent: null,
    mode: 'fleet',
    runningMode: 'fleet',
    developer: null,
    previousSnapshot: null,
    otherMachine: null,
    renewal: null,
    createdAt: TIME,
    ...overrides,
  };
}

export function buildSnapshotView(overrides: Partial<SnapshotView> = {}): SnapshotView {
  return {
    id: 'snap01',
    name: 'Release 1',
    description: '',
    kind: 'manual',
    owner: { kind: 'instance', id: 'inst01', name: 'line-dev' },
    applicationId: 'app001',
    author: 'ada',
    flows: 2,
    nodes: 12,
    modules: {},
    lockProblem: null,
    nodeRed: '4.1.15',
    pinned: false,
    labels: [],
    createdAt: TIME,
    ...overrides,
  };
}

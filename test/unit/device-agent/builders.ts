import { DEFAULT_TRIAL, type DeviceTarget, type SnapshotManifest } from '@flowyard/protocol';
import type { DeviceFacts } from '../../../device-agent/src/plan-steps.ts';
import type { TargetSnapshot } from '../../../device-agent/src/release/release.ts';

/** A digest that differs for each letter. */
export const digest = (letter: string): string => `sha256-${letter.repeat(64)}`;

/** A snapshot whose parts are named by its id, unless given. */
export function buildSnapshot(id: string, manifest: Partial<SnapshotManifest> = {}): TargetSnapshot {
  return {
    id,
    name: `Snapshot ${id}`,
    manifest: {
      version: 1,
      flows: digest('a'),
      credentials: null,
      variables: [],
      modules: {},
      nodeRed: '4.1.15',
      lock: null,
      nodeJs: '20.20.2',
      ...manifest,
    },
  };
}

export function buildTarget(overrides: Partial<DeviceTarget> = {}): DeviceTarget {
  return {
    generation: 1,
    desired: 'running',
    restarts: 0,
    retries: 0,
    device: { name: 'PLC 1', applicationName: 'Line', teamId: 'team01' },
    snapshot: null,
    variables: { below: {}, above: {} },
    settings: {},
    mode: 'fleet',
    developer: null,
    trial: DEFAULT_TRIAL,
    ...overrides,
  };
}

export function buildFacts(overrides: Partial<DeviceFacts> = {}): DeviceFacts {
  return {
    committed: null,
    committedReady: { release: true, nodeRed: true, modules: true },
    before: null,
    isUnwanted: false,
    running: null,
    hold: null,
    launchedWith: null,
    failed: null,
    restartsDone: 0,
    ready: { release: false, nodeRed: false, modules: false },
    emergency: null,
    developer: { hasWorkspace: false, base: null, ready: { release: false, nodeRed: false, modules: false } },
    ...overrides,
  };
}

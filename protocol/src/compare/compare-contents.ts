import type { FlowNode } from '../flows.ts';
import { isSecretSetting, SETTING_KEYS, type SettingKey } from '../settings.ts';
import type { SnapshotManifest } from '../snapshot-manifest.ts';
import { compareFlows, type CompareOptions as FlowOptions } from './compare-flows.ts';
import type {
  ContentsComparison,
  SettingChange,
  VariableChange,
  VersionChange,
} from './contents-comparison.ts';
import { isEqualJson, own } from './equal.ts';

/** What is in a snapshot, or runs somewhere now. */
export interface Contents {
  flows: readonly FlowNode[];
  manifest: Omit<SnapshotManifest, 'version' | 'flows'>;
}

export interface ContentsOptions extends FlowOptions {
  /**
   * Whether to tell if credentials and secret variables are the same. Between things of different owners that would
   * help whoever can set the ones to guess the others.
   */
  compareSecrets?: boolean | undefined;
}

/** What differs between two snapshots, or between one and what runs: flows and all that comes with them. */
export function compareContents(
  before: Contents,
  after: Contents,
  options: ContentsOptions = {},
): ContentsComparison {
  return withVerdict({
    flows: compareFlows(before.flows, after.flows, options),
    ...compareSurroundings(before.manifest, after.manifest, options),
  });
}

/** What differs besides the flows, from the manifests alone. */
export function compareSurroundings(
  before: Contents['manifest'],
  after: Contents['manifest'],
  { compareSecrets = true }: ContentsOptions = {},
): Omit<ContentsComparison, 'flows' | 'same'> {
  return {
    credentials: compareSecrets ? compareDigests(before.credentials, after.credentials) : 'unknown',
    settings: compareSettings(before.settings, after.settings),
    variables: compareVariables(before.variables, after.variables, compareSecrets),
    modules: compareVersions(before.modules, after.modules),
    lock:
      before.lock === after.lock || (before.lock !== null && after.lock !== null)
        ? compareDigests(before.lock, after.lock)
        : 'unknown',
    runtime: compareVersions(
      { 'Node-RED': before.nodeRed, 'Node.js': before.nodeJs },
      { 'Node-RED': after.nodeRed, 'Node.js': after.nodeJs },
    ),
  };
}

function withVerdict(comparison: Omit<ContentsComparison, 'same'>): ContentsComparison {
  const { flows, credentials, settings, variables, modules, lock, runtime } = comparison;
  const isSame =
    Object.values(flows.counts).every((count) => count === 0) &&
    !flows.tabsReordered &&
    credentials !== 'changed' &&
    lock !== 'changed' &&
    variables.every(({ change }) => change === 'unknown') &&
    [settings ?? [], modules, runtime].every((changes) => changes.length === 0);
  return { ...comparison, same: isSame };
}

function compareDigests(before: string | null, after: string | null): 'same' | 'changed' {
  return before === after ? 'same' : 'changed';
}

type Settings = Contents['manifest']['settings'];

/** Null when one of the two does not know them: it was taken before snapshots had settings, or is from elsewhere. */
function compareSettings(before: Settings, after: Settings): SettingChange[] | null {
  if (before === undefined || after === undefined) {
    return null;
  }
  return SETTING_KEYS.filter((key) => !isSecretSetting(key)).flatMap((key) => {
    const sides = [sideOf(before, key), sideOf(after, key)] as const;
    return isEqualJson(sides[0], sides[1]) ? [] : [{ key, before: sides[0], after: sides[1] }];
  });
}

/** Null where the setting is not set there and comes from the template. */
function sideOf(settings: Record<string, unknown>, key: SettingKey): SettingChange['before'] {
  return Object.hasOwn(settings, key) ? { value: own(settings, key) } : null;
}

type Variables = Contents['manifest']['variables'];

function compareVariables(before: Variables, after: Variables, compareSecrets: boolean): VariableChange[] {
  const old = new Map(before.map((variable) => [variable.name, variable]));
  const now = new Map(after.map((variable) => [variable.name, variable]));
  const names = [...new Set([...old.keys(), ...now.keys()])].sort();
  return names.flatMap((name) => {
    const change = changeOf(old.get(name), now.get(name), compareSecrets);
    return change === null
      ? []
      : [{ name, change, before: shown(old.get(name)), after: shown(now.get(name)) }];
  });
}

function changeOf(
  before: Variables[number] | undefined,
  after: Variables[number] | undefined,
  compareSecrets: boolean,
): VariableChange['change'] | null {
  if (before === undefined || after === undefined) {
    return before === undefined ? 'added' : 'removed';
  }
  if (before.secret !== after.secret) {
    return 'changed';
  }
  if (!before.secret) {
    return before.value === after.value ? null : 'changed';
  }
  if (!compareSecrets || before.digest === undefined || after.digest === undefined) {
    return 'unknown';
  }
  return before.digest === after.digest ? null : 'changed';
}

function shown(variable: Variables[number] | undefined): VariableChange['before'] {
  return variable === undefined
    ? null
    : { value: variable.secret ? null : variable.value, secret: variable.secret };
}

function compareVersions(before: Record<string, string>, after: Record<string, string>): VersionChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const versions = [own(before, name) ?? null, own(after, name) ?? null] as Array<string | null>;
    const [old = null, now = null] = versions;
    const change = old === null ? 'added' : now === null ? 'removed' : 'changed';
    return old === now ? [] : [{ name, change, before: old, after: now }];
  });
}

import {
  AnySettings,
  isSecretSetting,
  SETTING_KEYS,
  SNAPSHOT_FILE_FORMAT,
  SnapshotFile,
  type SnapshotPart,
} from '@flowyard/protocol';
import { invalid } from '../../errors.ts';
import { openCredentials, refuseTwice } from '../instances/import.ts';
import { type FileContent, parsed, type ReadFile } from './file-content.ts';
import { isFlowFuseFile, readFlowFuseFile } from './flowfuse-file.ts';

/**
 * Reads a snapshot file of ours or of FlowFuse.
 * @throws AppError 422 when it is neither, when a part of it is not what it must be, or the secret does not fit
 */
export function readSnapshotFile(
  file: Record<string, unknown>,
  { credentialSecret, parts }: { credentialSecret?: string | undefined; parts?: SnapshotPart[] | undefined },
): FileContent {
  const read = isFlowFuseFile(file) ? readFlowFuseFile(file) : readOwnFile(file);
  const has = (part: SnapshotPart) => parts === undefined || parts.includes(part);
  const flows = has('flows') ? read.flows : [];
  refuseTwice(flows);
  const credentials = has('flows') && has('credentials') ? read.credentials : undefined;
  if (typeof credentials?.$ === 'string' && !credentialSecret) {
    throw invalid(
      'credentialSecret',
      'is needed: the file has credentials. It is the one that was given when the file was made; or leave the credentials out',
    );
  }
  return {
    ...read,
    flows,
    credentials: openCredentials({ flows, credentials, credentialSecret }),
    variables: has('variables') ? read.variables : [],
    settings: has('settings') ? read.settings : null,
    modules: has('modules') ? read.modules : {},
    lock: has('modules') ? read.lock : null,
  };
}

function readOwnFile(file: Record<string, unknown>): ReadFile {
  if (file.format !== SNAPSHOT_FILE_FORMAT) {
    throw invalid('file', 'is neither a snapshot file of Flowyard nor one of FlowFuse');
  }
  if (file.version !== 1) {
    throw invalid('file', 'was made by a newer Flowyard than this one; update this one first');
  }
  const read = parsed(SnapshotFile, file);
  const { settings, leftOut } = read.settings
    ? usableSettings(read.settings)
    : { settings: null, leftOut: [] };
  return {
    name: read.name,
    description: read.description,
    flows: read.flows ?? [],
    credentials: read.credentials,
    // A file that somebody wrote may have values where there must be none.
    variables: (read.variables ?? []).map((variable) => ({
      ...variable,
      value: variable.secret ? null : variable.value,
    })),
    settings,
    modules: read.modules ?? {},
    lock: read.lock ?? null,
    nodeRed: read.nodeRed ?? null,
    nodeJs: read.nodeJs ?? null,
    leftOut,
  };
}

/** Settings of other versions, secret ones and those with values of no use are left out. */
function usableSettings(settings: Record<string, unknown>) {
  const usable: Record<string, unknown> = {};
  const leftOut: string[] = [];
  for (const [key, value] of Object.entries(settings)) {
    const known = SETTING_KEYS.find((one) => one === key);
    if (known === undefined || isSecretSetting(known) || !AnySettings.safeParse({ [key]: value }).success) {
      leftOut.push(`the setting ${key.slice(0, 100)}, which does not exist here with that value`);
    } else {
      usable[key] = value;
    }
  }
  return { settings: usable, leftOut: leftOut.slice(0, 50) };
}

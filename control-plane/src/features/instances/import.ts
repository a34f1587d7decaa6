import type { FlowCredentials, Flows } from '@flowyard/protocol';
import type { Transaction } from '../../db/database.ts';
import { invalid } from '../../errors.ts';
import { decryptCredentials, encryptCredentials } from '../../secrets/flow-credentials.ts';
import { keepLockFile } from '../snapshots/lock-files.ts';
import type { NewInstance } from './instance-row.ts';

/** What a Node-RED that there is already was made of. */
export interface ImportedNodeRed {
  flows: Flows;
  credentials?: FlowCredentials | undefined;
  /** What its credentials were encrypted with. */
  credentialSecret?: string | undefined;
  modules?: Record<string, string> | undefined;
  /** What npm noted of how they were installed. */
  lock?: string | undefined;
}

type Content = Pick<
  NewInstance,
  'flowsDigest' | 'credentialsDigest' | 'modules' | 'lockDigest' | 'flowsRevision' | 'flowsChangedAt'
>;

/** Flows, modules, and credentials encrypted anew for the instance. */
export async function importContent(
  tx: Transaction,
  imported: ImportedNodeRed,
  /** Of the instance. */
  secret: string,
): Promise<Content> {
  const credentials = openCredentials(imported);
  refuseTwice(imported.flows);
  const { modules = {}, lock = null } = imported;
  return {
    flowsDigest: await tx.stores.blobs.put(Buffer.from(JSON.stringify(imported.flows))),
    credentialsDigest:
      credentials === null
        ? null
        : await tx.stores.blobs.put(Buffer.from(JSON.stringify(encryptCredentials(secret, credentials)))),
    modules: JSON.stringify(modules),
    lockDigest: (await keepLockFile(tx, lock, modules, 'machine')).lock,
    flowsRevision: 1,
    flowsChangedAt: new Date().toISOString(),
  };
}

/** @throws AppError 422 when the secret does not open them */
export function openCredentials({ credentials, credentialSecret }: ImportedNodeRed): FlowCredentials | null {
  if (credentials === undefined || Object.keys(credentials).length === 0) {
    return null;
  }
  if (typeof credentials.$ === 'string' && credentialSecret === undefined) {
    throw invalid(
      'credentialSecret',
      'is needed: the credentials are encrypted. It is credentialSecret in settings.js, or _credentialSecret in .config.runtime.json',
    );
  }
  try {
    return decryptCredentials(credentialSecret ?? '', credentials);
  } catch {
    throw invalid('credentialSecret', 'does not open these credentials');
  }
}

/** @throws AppError 422 when two nodes have one id */
export function refuseTwice(flows: Flows): void {
  const seen = new Set<string>();
  for (const { id } of flows) {
    if (seen.has(id)) {
      throw invalid(
        'flows',
        `has two nodes with the id ${id}; save them once in Node-RED and take that file`,
      );
    }
    seen.add(id);
  }
}

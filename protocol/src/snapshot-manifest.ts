import { z } from 'zod';
import { Digest, ModuleName, ModuleVersion } from './names.ts';

/** Palette modules with their versions. */
export const Modules = z.record(ModuleName, ModuleVersion);
export type Modules = z.infer<typeof Modules>;

/** A variable of a snapshot. The value of a secret one never travels: `value` is null. */
export const SnapshotVariable = z.object({
  name: z.string(),
  value: z.string().nullable(),
  secret: z.boolean(),
  /** Of a secret value, by a key that only the platform has: tells whether two are the same, and nothing else. */
  digest: z.string().max(64).optional(),
});
export type SnapshotVariable = z.infer<typeof SnapshotVariable>;

/**
 * What a snapshot consists of. Large parts are blobs named by their digest, so that equal parts are stored
 * and sent once, and two snapshots can be compared by their digests. Agents of other versions read it too, so it is
 * not strict.
 */
export const SnapshotManifest = z.object({
  version: z.literal(1),
  flows: Digest,
  credentials: Digest.nullable(),
  variables: z.array(SnapshotVariable),
  modules: Modules,
  /** The npm lock file of exactly these modules, so that each place gets the same tree; null when there is none. */
  lock: Digest.nullable().default(null),
  /** What the instance or device itself sets, but for secrets; absent when that is not known. */
  settings: z.record(z.string(), z.unknown()).optional(),
  nodeRed: z.string(),
  nodeJs: z.string(),
});
export type SnapshotManifest = z.infer<typeof SnapshotManifest>;

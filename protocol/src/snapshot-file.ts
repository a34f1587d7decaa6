import { z } from 'zod';
import { FlowCredentials, Flows } from './flows.ts';
import { MAX_LOCK_CHARACTERS } from './lock-file.ts';
import { VariableName } from './names.ts';
import { Modules, SnapshotVariable } from './snapshot-manifest.ts';

export const SNAPSHOT_FILE_FORMAT = 'flowyard-snapshot';

/** Parts of a snapshot that a file may have or leave out. */
export const SNAPSHOT_PARTS = ['flows', 'credentials', 'variables', 'settings', 'modules'] as const;
export const SnapshotPart = z.enum(SNAPSHOT_PARTS);
export type SnapshotPart = z.infer<typeof SnapshotPart>;

const MOST_VARIABLES = 1_000;
const Text = z.string().max(4_000);

/**
 * A snapshot as a file, to be kept or carried elsewhere. Parts that were left out are absent. Files of other versions
 * may have more, so it is not strict.
 */
export const SnapshotFile = z.object({
  format: z.literal(SNAPSHOT_FILE_FORMAT),
  version: z.literal(1),
  name: Text,
  description: Text.default(''),
  /** The instance or device that it is of. */
  of: Text.optional(),
  takenAt: Text.optional(),
  flows: Flows.optional(),
  /** As Node-RED encrypts them, with the secret that was given when the file was made. */
  credentials: FlowCredentials.optional(),
  /** Values of secret ones are null. */
  variables: z
    .array(SnapshotVariable.omit({ digest: true }).extend({ name: VariableName }))
    .max(MOST_VARIABLES)
    .optional(),
  /** What the instance or device set itself, without secrets. */
  settings: z.record(z.string(), z.unknown()).optional(),
  modules: Modules.optional(),
  /** The npm lock file of the modules. */
  lock: z.string().max(MAX_LOCK_CHARACTERS).optional(),
  nodeRed: Text.optional(),
  nodeJs: Text.optional(),
});
export type SnapshotFile = z.infer<typeof SnapshotFile>;

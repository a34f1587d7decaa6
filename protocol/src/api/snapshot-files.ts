import { z } from 'zod';
import { Description, DisplayName, Id } from '../names.ts';
import { LARGE_BODY_BYTES, operation } from '../operation.ts';
import { SnapshotFile, SnapshotPart } from '../snapshot-file.ts';
import { SnapshotView } from './snapshots.ts';

const IdParams = z.strictObject({ id: Id });
const Parts = z
  .array(SnapshotPart)
  .min(1, 'must name at least one part')
  .refine((parts) => new Set(parts).size === parts.length, 'must name each part once')
  .optional();

export const exportSnapshot = operation('exportSnapshot', {
  method: 'POST',
  path: '/snapshots/:id/export',
  summary: 'A snapshot as a file, with its credentials encrypted anew with a secret of yours',
  params: IdParams,
  body: z.strictObject({
    /** What its credentials are encrypted with; without it there must be none in the file. */
    credentialSecret: z
      .string()
      .min(8, 'must have at least 8 characters')
      .max(1000, 'must have at most 1000 characters')
      .optional(),
    /** All but the credentials unless told otherwise; those too when there is a secret. */
    parts: Parts,
  }),
  response: SnapshotFile,
});

const ImportBody = z.strictObject({
  /** A snapshot file of Flowyard, or one that FlowFuse exported. */
  file: z.record(z.string(), z.unknown()),
  /** What its credentials were encrypted with. */
  credentialSecret: z.string().max(1000, 'must have at most 1000 characters').optional(),
  /** Those to take; all that are in it unless told otherwise. */
  parts: Parts,
  /** Instead of the one in the file. */
  name: DisplayName.optional(),
  description: Description.optional(),
});

const Imported = z.object({
  snapshot: SnapshotView,
  /** What of the file has no place here, and why. */
  leftOut: z.array(z.string()),
});

export const importInstanceSnapshot = operation('importInstanceSnapshot', {
  method: 'POST',
  path: '/instances/:id/snapshots/import',
  summary: 'Make a snapshot of an instance out of a file; nothing else changes',
  params: IdParams,
  body: ImportBody,
  response: Imported,
  status: 201,
  maxBodyBytes: LARGE_BODY_BYTES,
});

export const importDeviceSnapshot = operation('importDeviceSnapshot', {
  method: 'POST',
  path: '/devices/:id/snapshots/import',
  summary: 'Make a snapshot of a device out of a file; nothing else changes',
  params: IdParams,
  body: ImportBody,
  response: Imported,
  status: 201,
  maxBodyBytes: LARGE_BODY_BYTES,
});

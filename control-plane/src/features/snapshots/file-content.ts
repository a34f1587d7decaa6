import type { FlowCredentials, Flows, Modules, SnapshotVariable } from '@flowyard/protocol';
import type { z } from 'zod';
import { invalid } from '../../errors.ts';

/** What a snapshot is made of. */
export interface FileContent {
  name: string;
  description: string;
  flows: Flows;
  credentials: FlowCredentials | null;
  variables: SnapshotVariable[];
  settings: Record<string, unknown> | null;
  modules: Modules;
  lock: string | null;
  nodeRed: string | null;
  nodeJs: string | null;
  /** What of the file has no place here, and why. */
  leftOut: string[];
}

/** A file of either form, with its credentials still encrypted. */
export type ReadFile = Omit<FileContent, 'credentials'> & { credentials: FlowCredentials | undefined };

/** @throws AppError 422 that names the place in the file */
export function parsed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalid(['file', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'is not a snapshot file');
  }
  return result.data;
}

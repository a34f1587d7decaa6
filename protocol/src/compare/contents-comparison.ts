import { z } from 'zod';
import { FlowsComparison } from './comparison.ts';

/** A setting that only one of two has, or has with another value. Secret ones are no part of a snapshot. */
export const SettingChange = z.object({
  key: z.string(),
  /** Null where it is not set, and so comes from the template. */
  before: z.object({ value: z.unknown() }).nullable(),
  after: z.object({ value: z.unknown() }).nullable(),
});
export type SettingChange = z.infer<typeof SettingChange>;

/** The value of a secret variable is null. */
const ShownVariable = z.object({ value: z.string().nullable(), secret: z.boolean() });

export const VariableChange = z.object({
  name: z.string(),
  /** `unknown`: it is secret, and whether its value is another cannot be told. */
  change: z.enum(['added', 'removed', 'changed', 'unknown']),
  before: ShownVariable.nullable(),
  after: ShownVariable.nullable(),
});
export type VariableChange = z.infer<typeof VariableChange>;

export const VersionChange = z.object({
  name: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  before: z.string().nullable(),
  after: z.string().nullable(),
});
export type VersionChange = z.infer<typeof VersionChange>;

export const ContentsComparison = z.object({
  /** Whether nothing differs, as far as can be told. */
  same: z.boolean(),
  flows: FlowsComparison,
  /** They are compared without being shown, and only with those of the same instance or device. */
  credentials: z.enum(['same', 'changed', 'unknown']),
  /** Null when one of the two does not know its settings. */
  settings: z.array(SettingChange).nullable(),
  variables: z.array(VariableChange),
  modules: z.array(VersionChange),
  /** The versions of what the modules need themselves; unknown where one of the two has no lock file. */
  lock: z.enum(['same', 'changed', 'unknown']),
  /** Versions of Node-RED and Node.js. */
  runtime: z.array(VersionChange),
});
export type ContentsComparison = z.infer<typeof ContentsComparison>;

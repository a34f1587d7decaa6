import {
  FlowCredentials,
  Flows,
  ModuleName,
  ModuleVersion,
  type SnapshotVariable,
  VariableName,
} from '@flowyard/protocol';
import { z } from 'zod';
import { parsed, type ReadFile } from './file-content.ts';

const MOST_ENTRIES = 1_000;

function entries<S extends z.ZodType>(value: S) {
  return z
    .record(z.string(), value)
    .refine((all) => Object.keys(all).length <= MOST_ENTRIES, 'has too many entries');
}

/**
 * What FlowFuse writes when a snapshot is downloaded. Variables are texts, or objects that say whether they are hidden;
 * the value of a hidden one is encrypted. Files of instances have `settings.settings`, those of devices do not.
 */
const FlowFuseFile = z.object({
  name: z.string().max(1_000),
  description: z.string().max(10_000).nullish(),
  flows: z.object({ flows: Flows, credentials: FlowCredentials.nullish() }),
  settings: z
    .object({
      settings: z.record(z.string(), z.unknown()).nullish(),
      env: entries(
        z.union([
          z.string(),
          z.object({
            value: z.string().optional(),
            hidden: z.boolean().optional(),
            $: z.string().optional(),
          }),
        ]),
      ).nullish(),
      modules: entries(z.string()).nullish(),
    })
    .nullish(),
});
type FlowFuseFile = z.infer<typeof FlowFuseFile>;

export function isFlowFuseFile(file: Record<string, unknown>): boolean {
  return (
    !('format' in file) && typeof file.flows === 'object' && file.flows !== null && 'flows' in file.flows
  );
}

/** Belong to the platform that the file came from: its variables, and modules that are of use nowhere else. */
const THEIR_VARIABLES = /^FF_/;
const THEIR_MODULES = /^@(?:flowfuse|flowforge)\/nr-/;

export function readFlowFuseFile(file: Record<string, unknown>): ReadFile {
  const { name, description, flows, settings } = parsed(FlowFuseFile, file);
  const leftOut: string[] = [];
  return {
    name: name.slice(0, 120),
    description: description ?? '',
    flows: flows.flows,
    credentials: flows.credentials ?? undefined,
    variables: readVariables(settings?.env ?? {}, leftOut),
    settings: null,
    ...readModules(settings?.modules ?? {}, leftOut),
    lock: null,
    nodeJs: null,
    leftOut,
  };
}

type Env = NonNullable<NonNullable<FlowFuseFile['settings']>['env']>;

function readVariables(env: Env, leftOut: string[]): SnapshotVariable[] {
  return Object.entries(env).flatMap(([name, given]) => {
    if (THEIR_VARIABLES.test(name)) {
      return [];
    }
    if (!VariableName.safeParse(name).success) {
      leftOut.push(`the variable ${name.slice(0, 100)}, whose name cannot be used here`);
      return [];
    }
    const { value = '', hidden = false } = typeof given === 'string' ? { value: given } : given;
    return [{ name, value: hidden ? null : value, secret: hidden }];
  });
}

function readModules(
  modules: Record<string, string>,
  leftOut: string[],
): Pick<ReadFile, 'modules' | 'nodeRed'> {
  const usable: Record<string, string> = {};
  for (const [name, version] of Object.entries(modules)) {
    const isUsable = ModuleName.safeParse(name).success && ModuleVersion.safeParse(version).success;
    if (name === 'node-red' || THEIR_MODULES.test(name)) {
      continue;
    }
    if (isUsable) {
      usable[name] = version;
    } else {
      leftOut.push(`the module ${name.slice(0, 214)}, which does not come from a registry in one version`);
    }
  }
  const exact = /^\d+\.\d+\.\d+$/.exec(modules['node-red'] ?? '');
  return { modules: usable, nodeRed: exact?.[0] ?? null };
}

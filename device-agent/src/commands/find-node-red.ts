import { readdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FlowCredentials, Flows, ModuleName, ModuleVersion } from '@flowyard/protocol';
import { lockFileIn } from '../release/lock-blob.ts';

/** What is in the user directory of a Node-RED. */
export interface FoundNodeRed {
  flows: Flows;
  credentials?: FlowCredentials;
  credentialSecret?: string;
  /** Those installed, with the exact version. */
  modules: Record<string, string>;
  /** What npm noted of how they were installed. */
  lock?: string;
  nodeRed?: string;
}

/** Reads the user directory of a Node-RED; null when it is none. Nothing in it is run or changed. */
export async function findNodeRed(folder: string): Promise<FoundNodeRed | null> {
  const settings = await readSettings(folder);
  const flowFile = await findFlowFile(folder, settings.flowFile);
  if (flowFile === null) {
    return null;
  }
  const credentials = await readJson(flowFile.file.replace(/\.json$/, '_cred.json'), FlowCredentials);
  const secret = settings.credentialSecret ?? (await readGeneratedSecret(folder));
  const nodeRed = await readNodeRedVersion(folder);
  const lock = await lockFileIn(folder);
  return {
    flows: flowFile.flows,
    ...(credentials !== null && { credentials }),
    ...(credentials !== null && secret !== null && { credentialSecret: secret }),
    modules: await readModules(folder),
    ...(lock !== null && { lock }),
    ...(nodeRed !== null && { nodeRed }),
  };
}

interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

async function readJson<T>(file: string, schema: Schema<T>): Promise<T | null> {
  try {
    const read = schema.safeParse(JSON.parse(await readFile(file, 'utf8')));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}

async function findFlowFile(
  folder: string,
  named: string | null,
): Promise<{ file: string; flows: Flows } | null> {
  const names = [
    ...(named === null ? [] : [named]),
    'flows.json',
    `flows_${os.hostname()}.json`,
    ...(await readdir(folder).catch(() => [])).filter((name) => /^flows_.*(?<!_cred)\.json$/.test(name)),
  ];
  for (const name of names) {
    const file = path.resolve(folder, name);
    const flows = await readJson(file, Flows);
    if (flows !== null) {
      return { file, flows };
    }
  }
  return null;
}

/**
 * Of settings.js, what is said in plain words. It is not run: it may do anything. A value that is made by code is not
 * understood and has to be given in another way.
 */
async function readSettings(
  folder: string,
): Promise<{ flowFile: string | null; credentialSecret: string | null }> {
  const text = await readFile(path.join(folder, 'settings.js'), 'utf8').catch(() => '');
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const literal = (name: string) =>
    new RegExp(`["']?${name}["']?\\s*:\\s*(["'\`])((?:(?!\\1).)*)\\1`).exec(code)?.[2] ?? null;
  return { flowFile: literal('flowFile'), credentialSecret: literal('credentialSecret') };
}

/** The secret that Node-RED makes for itself when nobody gives it one. */
async function readGeneratedSecret(folder: string): Promise<string | null> {
  for (const name of ['.config.runtime.json', '.config.json']) {
    const config = await readJson(path.join(folder, name), FlowCredentials);
    if (typeof config?._credentialSecret === 'string') {
      return config._credentialSecret;
    }
  }
  return null;
}

async function readVersion(folder: string, module: string): Promise<string | null> {
  const found = await readJson(path.join(folder, 'node_modules', module, 'package.json'), FlowCredentials);
  return typeof found?.version === 'string' && ModuleVersion.safeParse(found.version).success
    ? found.version
    : null;
}

/** The modules that its package.json asks for, in the versions that are installed. */
async function readModules(folder: string): Promise<Record<string, string>> {
  const wanted = await readJson(path.join(folder, 'package.json'), FlowCredentials);
  const modules: Record<string, string> = {};
  for (const name of Object.keys((wanted?.dependencies as object | undefined) ?? {})) {
    const version = ModuleName.safeParse(name).success ? await readVersion(folder, name) : null;
    if (version !== null && name !== 'node-red') {
      modules[name] = version;
    }
  }
  return modules;
}

async function readNodeRedVersion(folder: string): Promise<string | null> {
  const local = await readVersion(folder, 'node-red');
  if (local !== null) {
    return local;
  }
  const config = await readJson(path.join(folder, '.config.nodes.json'), FlowCredentials);
  const core = config?.['node-red'] as { version?: unknown } | undefined;
  return typeof core?.version === 'string' ? core.version : null;
}

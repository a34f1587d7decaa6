import { MAX_LOCK_CHARACTERS } from '@flowyard/protocol';

/** A file that was chosen, by its path below the folder, or its name alone. */
export interface ChosenFile {
  path: string;
  text: string;
}

/** What of a Node-RED's folder can be imported. */
export interface NodeRedFiles {
  flows: Array<Record<string, unknown> & { id: string; type: string }>;
  flowFile: string;
  credentials: Record<string, unknown> | null;
  /** From its settings, where they say so. */
  credentialSecret: string | null;
  modules: Record<string, string>;
  /** What npm noted of how they were installed. */
  lock: string | null;
  /** Modules that did not come from the registry, and why they are left out. */
  leftOut: string[];
}

const WANTED =
  /(?:^|\/)(?:flows[^/]*\.json|flow[^/]*_cred\.json|package(?:-lock)?\.json|\.config\.runtime\.json|settings\.js)$/;
const VERSION = /^[~^]?\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$|^\*$/;
const SECRET_IN_SETTINGS = /^\s*credentialSecret:\s*(["'])(.*?)\1/m;

/** Whether a file of a chosen folder matters; thousands of others may be in it. */
export function isWanted(path: string): boolean {
  return WANTED.test(path) && !path.includes('node_modules/');
}

/**
 * Finds flows, credentials and modules among the files of a Node-RED's user folder.
 * @throws Error with a sentence for people when there are no flows in them
 */
export function readNodeRedFiles(files: readonly ChosenFile[]): NodeRedFiles {
  const flowFile = findFlowFile(files);
  if (flowFile === undefined) {
    throw new Error(
      'There is no flows.json among these files. Choose the folder that Node-RED names as “User directory” when it starts.',
    );
  }
  const flows = parse(flowFile);
  if (!Array.isArray(flows)) {
    throw new Error(`${nameOf(flowFile)} is not a list of nodes.`);
  }
  const credentialFile = files.find(({ path }) => path === flowFile.path.replace(/\.json$/, '_cred.json'));
  const credentials = credentialFile === undefined ? null : parse(credentialFile);
  return {
    flows: flows as NodeRedFiles['flows'],
    flowFile: nameOf(flowFile),
    credentials:
      credentials !== null && Object.keys(credentials as object).length > 0
        ? (credentials as Record<string, unknown>)
        : null,
    credentialSecret: findSecret(files),
    lock: findLock(files),
    ...findModules(files),
  };
}

/** flows.json, else the largest of those that were named after a machine. */
function findFlowFile(files: readonly ChosenFile[]): ChosenFile | undefined {
  const candidates = files.filter(
    ({ path }) => /(?:^|\/)flows[^/]*\.json$/.test(path) && !path.endsWith('_cred.json'),
  );
  return (
    candidates.find((file) => nameOf(file) === 'flows.json') ??
    [...candidates].sort((a, b) => b.text.length - a.text.length)[0]
  );
}

function findSecret(files: readonly ChosenFile[]): string | null {
  const runtime = files.find((file) => nameOf(file) === '.config.runtime.json');
  const kept = runtime && (parse(runtime) as { _credentialSecret?: unknown })._credentialSecret;
  if (typeof kept === 'string') {
    return kept;
  }
  const settings = files.find((file) => nameOf(file) === 'settings.js');
  return SECRET_IN_SETTINGS.exec(settings?.text ?? '')?.[2] ?? null;
}

/** None is better than one that is too large to be sent. */
function findLock(files: readonly ChosenFile[]): string | null {
  const text = files.find((file) => nameOf(file) === 'package-lock.json')?.text ?? null;
  return text === null || text.length > MAX_LOCK_CHARACTERS ? null : text;
}

function findModules(files: readonly ChosenFile[]): Pick<NodeRedFiles, 'modules' | 'leftOut'> {
  const packageFile = files.find((file) => nameOf(file) === 'package.json');
  const { dependencies = {} } = (packageFile ? parse(packageFile) : {}) as {
    dependencies?: Record<string, unknown>;
  };
  const entries = Object.entries(dependencies).filter(([name]) => name !== 'node-red');
  const fits = ([, version]: [string, unknown]) => typeof version === 'string' && VERSION.test(version);
  return {
    modules: Object.fromEntries(entries.filter(fits)) as Record<string, string>,
    leftOut: entries.filter((entry) => !fits(entry)).map(([name, version]) => `${name} (${version})`),
  };
}

function parse(file: ChosenFile): unknown {
  try {
    return JSON.parse(file.text);
  } catch {
    throw new Error(`${nameOf(file)} is not JSON, or only a part of it.`);
  }
}

function nameOf({ path }: ChosenFile): string {
  return path.split('/').at(-1) ?? path;
}

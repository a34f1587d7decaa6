/** What is in a snapshot file, for people to see before it is taken in. */
export interface FileSummary {
  from: 'Flowyard' | 'FlowFuse';
  name: string;
  flows: number;
  nodes: number;
  variables: number;
  modules: string[];
  settings: boolean;
  credentials: 'none' | 'encrypted' | 'open';
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/**
 * Looks into a file of either form. The server checks it in full.
 * @throws Error with a sentence for people when it is something else
 */
export function summariseFile(text: string): { file: Record<string, unknown>; summary: FileSummary } {
  let file: Record<string, unknown>;
  try {
    file = recordOf(JSON.parse(text));
  } catch {
    throw new Error('This file is not JSON, or only a part of it.');
  }
  const isOwn = file.format === 'flowyard-snapshot';
  const flows = isOwn ? (file.flows ?? []) : recordOf(file.flows).flows;
  if (!Array.isArray(flows)) {
    throw new Error(
      Array.isArray(file.flows)
        ? 'This file has flows but is no snapshot. Import flows in the editor, or make an instance of them.'
        : 'This file is no snapshot of Flowyard or FlowFuse.',
    );
  }
  const settings = recordOf(file.settings);
  const credentials = recordOf(isOwn ? file.credentials : recordOf(file.flows).credentials);
  const modules = recordOf(isOwn ? file.modules : settings.modules);
  const variables = isOwn ? file.variables : Object.keys(recordOf(settings.env));
  const tabs = flows.filter((node) => recordOf(node).type === 'tab').length;
  return {
    file,
    summary: {
      from: isOwn ? 'Flowyard' : 'FlowFuse',
      name: typeof file.name === 'string' ? file.name.slice(0, 120) : '',
      flows: tabs,
      nodes: flows.length - tabs,
      variables: Array.isArray(variables) ? variables.length : 0,
      modules: Object.entries(modules).map(([name, version]) => `${name} ${String(version)}`),
      settings: isOwn && Object.keys(settings).length > 0,
      credentials:
        typeof credentials.$ === 'string'
          ? 'encrypted'
          : Object.keys(credentials).length > 0
            ? 'open'
            : 'none',
    },
  };
}

/** Gives somebody a file. */
export function saveFile(name: string, content: unknown): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

export function fileNameOf(snapshot: { name: string }, ending: string): string {
  return `${snapshot.name.replaceAll(/[^\w.-]+/g, '-')}.${ending}.json`;
}

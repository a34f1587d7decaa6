import { t } from '../translate';

/** What is in a snapshot file, for people to see before it is taken in. */
export interface FileSummary {
  from: 'Flowyard' | 'FlowFuse';
  name: string;
  flows: number;
  nodes: number;
  modules: string[];
  credentials: 'none' | 'encrypted' | 'open';
}

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/**
 * Looks into a file of Flowyard's or FlowFuse's form. The control plane checks it in full.
 * @throws Error with a sentence for people when it is something else
 */
export function summariseFile(text: string): { file: Fields; summary: FileSummary } {
  let file: Fields;
  try {
    file = fieldsOf(JSON.parse(text));
  } catch {
    throw new Error(t('upload.notJson'));
  }
  const isOwn = file.format === 'flowyard-snapshot';
  const flows = isOwn ? (file.flows ?? []) : fieldsOf(file.flows).flows;
  if (!Array.isArray(flows)) {
    throw new Error(t('upload.noSnapshot'));
  }
  const credentials = fieldsOf(isOwn ? file.credentials : fieldsOf(file.flows).credentials);
  const modules = fieldsOf(isOwn ? file.modules : fieldsOf(file.settings).modules);
  const tabs = flows.filter((node) => fieldsOf(node).type === 'tab').length;
  const isOpen = Object.keys(credentials).length > 0;
  return {
    file,
    summary: {
      from: isOwn ? 'Flowyard' : 'FlowFuse',
      name: typeof file.name === 'string' ? file.name.slice(0, 120) : '',
      flows: tabs,
      nodes: flows.length - tabs,
      modules: Object.entries(modules).map(([name, version]) => `${name} ${String(version)}`),
      credentials: typeof credentials.$ === 'string' ? 'encrypted' : isOpen ? 'open' : 'none',
    },
  };
}

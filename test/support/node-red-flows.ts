export interface FlowNodeInput {
  id: string;
  type: string;
  [key: string]: unknown;
}

interface FunctionRoute {
  path: string;
  code: string;
  /** Runs when the node is started. */
  initialize?: string;
}

/** What has no place on the canvas, Node-RED takes for a config node. */
const PLACE = { x: 100, y: 100 };

/** A tab with HTTP routes, each answered by a function node. */
export function buildHttpFlow(...routes: FunctionRoute[]): FlowNodeInput[] {
  const nodes = routes.flatMap(({ path, code, initialize = '' }, index) => [
    {
      id: `in${index}`,
      type: 'http in',
      z: 'tab',
      url: path,
      method: 'get',
      wires: [[`fn${index}`]],
      ...PLACE,
    },
    {
      id: `fn${index}`,
      type: 'function',
      z: 'tab',
      func: code,
      outputs: 1,
      initialize,
      wires: [[`out${index}`]],
      ...PLACE,
    },
    { id: `out${index}`, type: 'http response', z: 'tab', wires: [], ...PLACE },
  ]);
  return [{ id: 'tab', type: 'tab', label: 'Test' }, ...nodes];
}

/** A route that answers with a text. */
export function textRoute(path: string, text: string): FunctionRoute {
  return { path, code: `msg.payload = ${JSON.stringify(text)}; return msg;` };
}

/** A rejected promise that nobody handles ends Node-RED. */
export const CRASH = "(async () => { throw new Error('boom'); })();";

/** Runs code once, when flows start. */
export function buildStartupFlow(code: string): FlowNodeInput[] {
  return [
    { id: 'tab2', type: 'tab', label: 'Startup' },
    {
      id: 'inject',
      type: 'inject',
      z: 'tab2',
      once: true,
      onceDelay: 0.1,
      props: [],
      repeat: '',
      wires: [['run']],
      ...PLACE,
    },
    { id: 'run', type: 'function', z: 'tab2', func: code, outputs: 0, wires: [], ...PLACE },
  ];
}

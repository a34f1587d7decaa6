/** Flows whose HTTP route answers with a text. */
export function answeringFlows(text: string, route = '/hello'): unknown[] {
  return [
    { id: 'tab1', type: 'tab', label: 'Line' },
    { id: 'in1', type: 'http in', z: 'tab1', x: 100, y: 100, url: route, method: 'get', wires: [['tpl1']] },
    {
      id: 'tpl1',
      type: 'template',
      z: 'tab1',
      x: 100,
      y: 100,
      field: 'payload',
      format: 'text',
      syntax: 'plain',
      template: text,
      wires: [['out1']],
    },
    { id: 'out1', type: 'http response', z: 'tab1', x: 100, y: 100, wires: [] },
  ];
}

/** Flows whose HTTP route answers what a function makes. */
export function computingFlows(func: string, route = '/hello'): unknown[] {
  return [
    { id: 'tab1', type: 'tab', label: 'Line' },
    { id: 'in1', type: 'http in', z: 'tab1', x: 100, y: 100, url: route, method: 'get', wires: [['fn1']] },
    { id: 'fn1', type: 'function', z: 'tab1', x: 100, y: 100, func, outputs: 1, libs: [], wires: [['out1']] },
    { id: 'out1', type: 'http response', z: 'tab1', x: 100, y: 100, wires: [] },
  ];
}

/** Flows that end Node-RED soon after they have started. */
export function crashingFlows(): unknown[] {
  return [
    ...answeringFlows('the new release'),
    {
      id: 'fn9',
      type: 'function',
      z: 'tab1',
      x: 100,
      y: 100,
      func: 'return msg;',
      initialize: 'Promise.reject(new Error("the pump is on fire"));',
      libs: [],
      wires: [[]],
    },
  ];
}

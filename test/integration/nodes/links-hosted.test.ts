import assert from 'node:assert/strict';
import type { FlowNode } from '@flowyard/protocol';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const PLACE = { z: 'tab1', x: 100, y: 100 };
const TAB = { id: 'tab1', type: 'tab', label: 'Links' };

/** `/ask?of=…` asks the other instance; `/tell?of=…` sends to it. */
function askingFlows(target: string): FlowNode[] {
  const address = { place: 'instance', target, mode: 'send', confirm: 'kept', expires: '' };
  return [
    TAB,
    { ...PLACE, id: 'in1', type: 'http in', url: '/ask', method: 'get', wires: [['call1']] },
    {
      ...PLACE,
      ...address,
      id: 'call1',
      type: 'flowyard-link-call',
      link: 'level',
      timeout: '5',
      wires: [['out1']],
    },
    { ...PLACE, id: 'catch1', type: 'catch', scope: ['call1'], wires: [['said1']] },
    {
      ...{ ...PLACE, id: 'said1', type: 'function', outputs: 1, wires: [['out1']] },
      func: 'msg.payload = msg.error.message; return msg;',
    },
    { ...PLACE, id: 'out1', type: 'http response', wires: [] },
    { ...PLACE, id: 'in2', type: 'http in', url: '/tell', method: 'get', wires: [['link1', 'out1']] },
    { ...PLACE, ...address, id: 'link1', type: 'flowyard-link-out', link: 'orders', wires: [] },
  ];
}

/** Answers for a level, and shows at `/orders` what was sent. */
function answeringFlows(): FlowNode[] {
  return [
    TAB,
    {
      ...PLACE,
      id: 'level1',
      type: 'flowyard-link-in',
      link: 'level',
      hears: 'application',
      wires: [['fn1']],
    },
    {
      ...{ ...PLACE, id: 'fn1', type: 'function', outputs: 1, wires: [['answer1']] },
      func: "msg.payload = msg.payload.of + ' has 42, ' + msg.link.from.name; return msg;",
    },
    { ...PLACE, id: 'answer1', type: 'flowyard-link-out', mode: 'answer', wires: [] },
    {
      ...PLACE,
      id: 'orders1',
      type: 'flowyard-link-in',
      link: 'orders',
      hears: 'application',
      wires: [['fn2']],
    },
    {
      ...{ ...PLACE, id: 'fn2', type: 'function', outputs: 1, wires: [[]] },
      func: "flow.set('orders', [...(flow.get('orders') ?? []), msg.payload.of]);",
    },
    { ...PLACE, id: 'in1', type: 'http in', url: '/orders', method: 'get', wires: [['fn3']] },
    {
      ...{ ...PLACE, id: 'fn3', type: 'function', outputs: 1, wires: [['out1']] },
      func: "msg.payload = flow.get('orders') ?? []; return msg;",
    },
    { ...PLACE, id: 'out1', type: 'http response', wires: [] },
  ];
}

describe('Link nodes on hosted instances', function () {
  this.timeout(60_000);
  let cp: RunningControlPlane;

  before(async () => {
    cp = await startControlPlane();
  });

  after(() => cp?.stop());

  it('ask each other, and send what waits until the other one is started', async () => {
    const { applicationId } = await buildApplication(cp);
    const tank = await buildInstance(cp, applicationId, { name: 'tank-room', flows: answeringFlows() });
    const desk = await buildInstance(cp, applicationId, { start: true, flows: askingFlows('tank-room') });
    await instanceIn(cp, desk.id, 'running');
    const ask = async () => (await getFromInstance(desk.url, '/ask?of=tank%201')).body;
    await eventually(async () => /Nobody listens there now/.test(await ask()), { withinMs: 30_000 });
    for (const order of ['first', 'second']) {
      assert.equal((await getFromInstance(desk.url, `/tell?of=${order}`)).status, 200);
    }

    await cp.admin.call('controlInstance', { params: { id: tank.id }, body: { action: 'start' } });
    await instanceIn(cp, tank.id, 'running');

    await eventually(async () => (await getFromInstance(tank.url, '/orders')).body === '["first","second"]');
    assert.equal(await ask(), `tank 1 has 42, ${desk.name}`);
  });
});

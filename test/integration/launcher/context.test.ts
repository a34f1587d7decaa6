import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow } from '../../support/node-red-flows.ts';
import { SupervisedTests } from './supervised.ts';

const FLOW = buildHttpFlow(
  {
    path: '/keep',
    code: `flow.set('kept', 42, 'persistent'); flow.set('lost', 42); msg.payload = 'kept'; return msg;`,
  },
  {
    path: '/kept',
    code: `msg.payload = String([flow.get('kept', 'persistent'), flow.get('lost')]); return msg;`,
  },
);

describe('What flows keep', function () {
  this.timeout(60_000);
  const tests = new SupervisedTests();
  afterEach(() => tests.clear());

  it('in the persistent context is there after a stop, and that in memory is not', async () => {
    const nodeRed = await tests.supervise(FLOW);
    nodeRed.supervisor.start();
    await nodeRed.until('running');
    await nodeRed.text('/keep');

    nodeRed.supervisor.restart();

    await eventually(async () => (await nodeRed.text('/kept')) === '42,');
  });

  it('in the persistent context is there a second later even when the process is killed', async () => {
    const nodeRed = await tests.supervise(FLOW);
    nodeRed.supervisor.start();
    const { pid } = await nodeRed.until('running');
    await nodeRed.text('/keep');
    await new Promise((resolve) => setTimeout(resolve, 1500));

    process.kill(pid ?? 0, 'SIGKILL');

    await eventually(
      () => nodeRed.supervisor.status.pid !== pid && nodeRed.supervisor.status.state === 'running',
    );
    assert.equal(await nodeRed.text('/kept'), '42,');
  });
});

import assert from 'node:assert/strict';
import type { FlowNode, InstanceView } from '@flowyard/protocol';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  deploy,
  instanceIn,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

function crashingFlow(tab: string, label: string): FlowNode[] {
  return [
    { id: tab, type: 'tab', label },
    {
      id: `${tab}i`,
      type: 'inject',
      z: tab,
      once: true,
      onceDelay: 0.1,
      wires: [[`${tab}f`]],
      x: 100,
      y: 80,
    },
    {
      id: `${tab}f`,
      type: 'function',
      z: tab,
      name: `valve of ${label}`,
      func: 'Promise.reject(new Error("valve stuck"));',
      outputs: 0,
      wires: [],
      x: 260,
      y: 80,
    },
  ];
}

describe('An instance whose flow crashes again and again', function () {
  this.timeout(120_000);
  let cp: ControlPlaneInProcess;
  let applicationId: string;
  let teamId: string;

  before(async () => {
    cp = await startControlPlane();
    ({ teamId, applicationId } = await buildApplication(cp));
  });
  after(() => cp?.stop());

  const buildCrashing = async (settings: Record<string, unknown>, flows: FlowNode[]) => {
    const instance = await buildInstance(cp, applicationId, { flows: [...answeringFlow('works'), ...flows] });
    await cp.admin.call('putInstanceSettings', {
      params: { id: instance.id },
      body: { values: { 'safety.crashes': 2, ...settings } },
    });
    await act(instance, 'start');
    return instance;
  };
  const act = (instance: InstanceView, action: string) =>
    cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action } });
  const crashesOf = async (instance: InstanceView) =>
    (await cp.admin.call('listCrashes', { params: { id: instance.id } })).items;

  describe('and is asked before flows are left out', () => {
    let instance: InstanceView;

    before(async () => {
      instance = await buildCrashing({}, crashingFlow('tab2', 'Line 2'));
    });

    it('ends in safe mode with the reason, and a report of each crash that names the node', async () => {
      const safe = await instanceIn(cp, instance.id, 'safe');

      assert.match(safe.reason ?? '', /valve stuck/);
      const crashes = await crashesOf(instance);
      assert.deepEqual(
        crashes.map(({ crashes: count, safeMode }) => [count, safeMode]),
        [
          [2, true],
          [1, false],
        ],
      );
      assert.deepEqual(crashes[0]?.node, { id: 'tab2f', name: 'valve of Line 2', type: 'function' });
      assert.deepEqual(crashes[0]?.flows, [{ id: 'tab2', name: 'Line 2' }]);
      assert.equal(crashes[0]?.exitCode, 70);
    });

    it('brings the rest back in limp mode, and says what is left out', async () => {
      await act(instance, 'start-limp');

      await answers(instance, 'works');
      const limping = await instanceIn(cp, instance.id, 'error');
      assert.deepEqual(limping.leftOut, [{ id: 'tab2', name: 'Line 2' }]);
      assert.match(limping.reason ?? '', /^Limp mode: “Line 2” is left out/);
      const stored = await cp.admin.call('getFlows', { params: { id: instance.id } });
      assert.equal(
        stored.flows.some((node) => node.disabled === true),
        false,
        'what is stored stays as it is',
      );
    });

    it('leaves them out also when it is started so again', async () => {
      const { since } = await cp.admin.call('getInstance', { params: { id: instance.id } });
      await act(instance, 'start-limp');

      const again = await eventually(async () => {
        const view = await cp.admin.call('getInstance', { params: { id: instance.id } });
        return view.state === 'error' && view.since > since && view;
      });
      assert.equal(again.leftOut?.length, 1);
      assert.equal((await crashesOf(instance)).length, 2);
    });

    it('runs flows that are deployed while it is being started whole', async () => {
      await act(instance, 'start-limp');
      await deploy(cp, instance.id, answeringFlow('deployed meanwhile'));

      await answers(instance, 'deployed meanwhile');
      await instanceIn(cp, instance.id, 'running');
    });

    it('runs everything again once mended flows are deployed', async () => {
      await deploy(cp, instance.id, [...answeringFlow('works'), ...crashingFlow('tab2', 'Line 2')]);
      await instanceIn(cp, instance.id, 'safe');
      await act(instance, 'start-limp');
      await instanceIn(cp, instance.id, 'error');

      await deploy(cp, instance.id, answeringFlow('mended'));

      await answers(instance, 'mended');
      const running = await instanceIn(cp, instance.id, 'running');
      assert.equal(running.leftOut, null);
      await cp.admin.refused('controlInstance', 409, {
        params: { id: instance.id },
        body: { action: 'start-limp' },
      });
    });
  });

  it('leaves flows out by itself where its settings say so, one after the other', async () => {
    const instance = await buildCrashing({ 'safety.limpMode': 'automatic' }, [
      ...crashingFlow('tab2', 'Line 2'),
      ...crashingFlow('tab3', 'Line 3'),
    ]);

    const limping = await eventually(
      async () => {
        const view = await cp.admin.call('getInstance', { params: { id: instance.id } });
        return view.state === 'error' && view.leftOut?.length === 2 && view;
      },
      { withinMs: 60_000 },
    );

    assert.match(limping.reason ?? '', /are left out/);
    await answers(instance, 'works');
    const { items } = await cp.admin.call('listInstanceAudit', { params: { id: instance.id } });
    assert.equal(items.filter(({ event }) => event === 'instance.limp-started').length, 2);
  });

  it('starts all flows again when somebody just restarts it', async () => {
    const instance = await buildCrashing({}, crashingFlow('tab2', 'Line 2'));
    await instanceIn(cp, instance.id, 'safe');
    await act(instance, 'start-limp');
    await instanceIn(cp, instance.id, 'error');

    const asked = await act(instance, 'restart');

    assert.equal(asked.leftOut, null);
    await eventually(async () => (await crashesOf(instance)).length >= 3);
    await act(instance, 'stop');
  });

  it('shows its crashes to whoever may read it, and is not started by others', async () => {
    const instance = await buildInstance(cp, applicationId);
    const viewer = await buildMember(cp, teamId, 'viewer');
    const dashboard = await buildMember(cp, teamId, 'dashboard');

    assert.deepEqual((await viewer.client.call('listCrashes', { params: { id: instance.id } })).items, []);
    await dashboard.client.refused('listCrashes', 404, { params: { id: instance.id } });
    await viewer.client.refused('controlInstance', 403, {
      params: { id: instance.id },
      body: { action: 'start-limp' },
    });
  });
});

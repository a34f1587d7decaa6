import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InstanceView } from '@flowyard/protocol';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { createStores } from '../../../control-plane/src/db/stores.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  deploy,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { TinyRegistry } from '../../support/tiny-registry.ts';

const MACHINE = { 'tiny-machine': '^1.2.0' };
/** Plain npm would take a newer gear. */
const LOCK = {
  lockfileVersion: 3,
  packages: {
    '': { dependencies: MACHINE },
    'node_modules/tiny-gear': { version: '1.0.0' },
    'node_modules/tiny-machine': { version: '1.2.3', dependencies: { 'tiny-gear': '^1.0.0' } },
  },
};
const TREE = { 'node_modules/tiny-gear': '1.0.0', 'node_modules/tiny-machine': '1.2.3' };

describe('The lock file of a snapshot', function () {
  this.timeout(120_000);
  let cp: ControlPlaneInProcess;
  let registry: TinyRegistry;
  let environment: NodeJS.ProcessEnv;
  let applicationId: string;
  let imported: InstanceView;

  before(async () => {
    registry = await new TinyRegistry().start();
    environment = { ...process.env };
    Object.assign(process.env, registry.environment());
    registry.add('tiny-gear', { version: '1.0.0' });
    registry.add('tiny-gear', { version: '1.1.0' });
    registry.add('tiny-machine', { description: { dependencies: { 'tiny-gear': '^1.0.0' } } });
    cp = await startControlPlane();
    ({ applicationId } = await buildApplication(cp));
    imported = await importMachine(JSON.stringify(LOCK));
  });
  after(async () => {
    await cp?.stop();
    process.env = environment;
    await registry.stop();
  });

  async function importMachine(lock: string): Promise<InstanceView> {
    const instance = await cp.admin.call('importInstance', {
      params: { id: applicationId },
      body: { name: uniqueName('imported'), flows: answeringFlow('machine'), modules: MACHINE, lock },
    });
    await answers(instance, 'machine');
    await instanceIn(cp, instance.id, 'running');
    return instance;
  }

  /** What npm noted of all that is installed for an instance. */
  async function treeOf({ id }: InstanceView): Promise<Record<string, string>> {
    const rows = openDatabase(cp.database);
    try {
      const { folder } = (await createStores(rows).instances.find(id)) ?? {};
      const file = join(cp.dataDir, 'instances', folder ?? '', 'node_modules/.package-lock.json');
      const { packages } = JSON.parse(readFileSync(file, 'utf8'));
      const entries = Object.entries(packages as Record<string, { version: string }>);
      return Object.fromEntries(entries.map(([place, { version }]) => [place, version]));
    } finally {
      await rows.destroy();
    }
  }

  async function push(from: InstanceView, to: InstanceView): Promise<void> {
    const made = { params: { id: applicationId }, body: { name: uniqueName('Release') } };
    const { id } = await cp.admin.call('createPipeline', made);
    const stage = (instance: InstanceView) =>
      cp.admin.call('createStage', {
        params: { id },
        body: { name: instance.name, instanceId: instance.id },
      });
    await stage(from);
    const { stages } = await stage(to);
    const params = { id: stages[0]?.id ?? '' };
    const { deployment } = await cp.admin.call('deployStage', { params, body: {} });
    const ended = await eventually(
      async () => {
        const now = await cp.admin.call('getDeployment', { params: { id: deployment.id } });
        return now.finishedAt !== null && now;
      },
      { withinMs: 60_000 },
    );
    assert.equal(ended.state, 'succeeded', ended.message ?? '');
    assert.equal(ended.targets[0]?.reason, null);
  }

  it('comes with a Node-RED that is imported, and its modules are those of there', async () => {
    assert.deepEqual(await treeOf(imported), TREE);
  });

  it('goes along with a push and comes back with a roll back: the same tree each time', async () => {
    const production = await buildInstance(cp, applicationId, { start: true });
    await deploy(cp, production.id, answeringFlow('before'));
    await answers(production, 'before');
    await push(imported, production);
    await answers(production, 'machine');
    assert.deepEqual(await treeOf(production), TREE);
    const good = await cp.admin.call('createInstanceSnapshot', {
      params: { id: production.id },
      body: { name: 'Good' },
    });
    assert.equal(good.lockProblem, null);

    await push(await importMachine('no lock file'), production);
    assert.deepEqual(await treeOf(production), { ...TREE, 'node_modules/tiny-gear': '1.1.0' });

    const { safetySnapshot } = await cp.admin.call('rollBackInstance', {
      params: { id: production.id },
      body: { snapshotId: good.id },
    });
    await eventually(async () => (await treeOf(production))['node_modules/tiny-gear'] === '1.0.0');
    assert.deepEqual(await treeOf(production), TREE);
    await answers(production, 'machine');

    await cp.admin.call('rollBackInstance', {
      params: { id: production.id },
      body: { snapshotId: safetySnapshot.id },
    });
    await eventually(async () => (await treeOf(production))['node_modules/tiny-gear'] === '1.1.0');
  });

  it('that does not fit is left out of an import, and snapshots without one say so', async () => {
    const { packages } = LOCK;
    const root = { dependencies: { ...MACHINE, 'tiny-gear': '^1.0.0' } };
    const instance = await cp.admin.call('importInstance', {
      params: { id: applicationId },
      body: {
        name: uniqueName('imported'),
        flows: answeringFlow('machine'),
        modules: MACHINE,
        lock: JSON.stringify({ ...LOCK, packages: { ...packages, '': root } }),
        start: false,
      },
    });

    const { lockProblem } = await cp.admin.call('createInstanceSnapshot', {
      params: { id: instance.id },
      body: { name: 'Not started yet' },
    });

    assert.match(lockProblem ?? '', /not installed yet\. Start it/);
  });

  it('goes along with a copy of the instance', async () => {
    const copy = await cp.admin.call('createInstance', {
      params: { id: applicationId },
      body: {
        name: uniqueName('copy'),
        copyOf: {
          instanceId: imported.id,
          flows: true,
          credentials: false,
          variables: 'none',
          settings: false,
        },
      },
    });

    await answers(copy, 'machine');
    assert.deepEqual(await treeOf(copy), TREE);
  });
});

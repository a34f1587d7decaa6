import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { digestOf } from '../../../control-plane/src/features/snapshots/blob-store.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication, buildInstance, deploy, instanceIn, uniqueName } from '../../support/builders.ts';
import {
  type ControlPlaneInProcess,
  type RunningControlPlane,
  startControlPlane,
} from '../../support/control-plane.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';

const NOTHING = Buffer.from('nothing that unpacks');
const digestOfJson = (value: unknown) => digestOf(Buffer.from(JSON.stringify(value)));
/** That nothing else has. */
const smallFlows = (): FlowNode[] => [{ id: 'tab1', type: 'tab', label: randomBytes(8).toString('hex') }];
const largeFlows = (): FlowNode[] => {
  const seed = randomBytes(8).toString('hex');
  return Array.from({ length: 800 }, (_value, index) => ({
    id: `node${index}`,
    type: index === 0 ? 'tab' : 'comment',
    name: `${seed} ${index}`,
    ...(index > 0 && { z: 'node0', info: 'As long as comments are, so that the flows are kept in chunks.' }),
  }));
};
const take = (cp: RunningControlPlane, id: string, name: string) =>
  cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name } });
const readFlows = async (cp: RunningControlPlane, id: string) =>
  (await cp.admin.call('getSnapshotFlows', { params: { id } })).flows;
const lostPartsTold = async (cp: RunningControlPlane) =>
  (await cp.admin.call('listNotifications')).items.filter(({ kind }) => kind === 'snapshot-part.lost');
const audited = async (cp: RunningControlPlane, event: string, digest: string) =>
  (await cp.admin.call('listAudit')).items.filter(
    ({ event: found, details }) => found === event && details.digest === digest,
  );

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Damaged parts of snapshots, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    let teamId: string;
    let applicationId: string;
    before(async () => {
      cp = await startControlPlane({ database });
      rows = openDatabase(cp.database);
      ({ teamId, applicationId } = await buildApplication(cp));
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });

    const damage = (digest: string) => rows('blobs').where({ digest }).update({ bytes: NOTHING });
    const mendedFrom = async (digest: string) => {
      const [entry] = await audited(cp, 'snapshot-part.mended', digest);
      return entry?.details.from;
    };

    it('are mended from the copy of the flows beside a hosted Node-RED', async () => {
      const flows = smallFlows();
      const { id, name } = await buildInstance(cp, applicationId, { flows, start: true });
      await instanceIn(cp, id, 'running');
      const snapshot = await take(cp, id, 'Monday');
      const digest = digestOfJson(flows);
      await damage(digest);

      assert.deepEqual(await readFlows(cp, snapshot.id), flows);

      assert.equal(await mendedFrom(digest), `the instance ${name}`);
      const [entry] = await audited(cp, 'snapshot-part.mended', digest);
      assert.deepEqual(entry?.details.usedBy, [`instance ${name}`, `snapshot Monday of ${name}`]);
      await damage(digest);
      await cp.admin.call('rollBackInstance', { params: { id }, body: { snapshotId: snapshot.id } });
      assert.equal((await audited(cp, 'snapshot-part.mended', digest)).length, 2);
    });

    it('are mended with the chunks that they have in common with what runs now', async () => {
      const flows = largeFlows();
      const { id } = await buildInstance(cp, applicationId, { flows, start: true });
      await instanceIn(cp, id, 'running');
      const snapshot = await take(cp, id, 'Before');
      const edited = flows.map((node, index) => (index === 400 ? { ...node, name: 'Edited' } : node));
      await deploy(cp, id, edited);
      const { folder } = await rows('instances').where({ id }).first('folder');
      const copy = join(cp.dataDir, 'instances', folder, '.flowyard', 'flows.json');
      await eventually(() => readFileSync(copy, 'utf8').includes('Edited'));
      const [first] = await rows('chunk_lists as l')
        .join('chunk_list_items as i', 'i.list_id', 'l.id')
        .where('l.digest', digestOfJson(flows))
        .orderBy('i.position')
        .select('i.chunk_id');
      await rows('chunks').where({ id: first.chunk_id }).update({ bytes: NOTHING });

      assert.deepEqual(await readFlows(cp, snapshot.id), flows);
    });

    it('that are credentials are mended from those of the instance, and the other way round', async () => {
      const flows = smallFlows();
      const { id } = await buildInstance(cp, applicationId);
      const credentials = { broker1: { user: 'line', password: randomBytes(8).toString('hex') } };
      await cp.admin.call('putFlows', { params: { id }, body: { revision: 0, flows, credentials } });
      const snapshot = await take(cp, id, 'With credentials');
      const { manifest } = await rows('snapshots').where({ id: snapshot.id }).first('manifest');
      const { credentials_digest: own } = await rows('instances').where({ id }).first('credentials_digest');
      const { credentials: sealed } = JSON.parse(manifest);

      await damage(sealed);
      const file = await cp.admin.call('exportSnapshot', {
        params: { id: snapshot.id },
        body: { credentialSecret: 'a secret of mine', parts: ['credentials'] },
      });
      assert.ok(file.credentials);
      await damage(own);
      await take(cp, id, 'Again');

      for (const digest of [sealed, own]) {
        assert.match(String(await mendedFrom(digest)), /^the instance /);
      }
    });

    it('are mended from a device that runs the snapshot', async () => {
      const flows = smallFlows();
      const { id } = await buildInstance(cp, applicationId, { flows });
      const snapshot = await take(cp, id, 'For devices');
      const device = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: uniqueName('device'), applicationId },
      });
      const agent = await AgentClient.connect(cp.url, device.credentials.token);
      try {
        agent.hello({ capabilities: ['snapshot'], current: { state: 'running', snapshotId: snapshot.id } });
        await eventually(
          async () =>
            (await rows('devices').where({ id: device.id }).first('running_snapshot_id'))
              .running_snapshot_id === snapshot.id,
        );
        const digest = digestOfJson(flows);
        await damage(digest);

        const reading = readFlows(cp, snapshot.id);
        const { id: requestId } = await eventually(() => {
          const command = agent.commands.find(({ type }) => type === 'take-snapshot');
          return command?.type === 'take-snapshot' && command;
        });
        const sent = await fetch(`${cp.url}/api/v1/agent/snapshots`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${device.credentials.token}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({
            requestId,
            baseSnapshotId: snapshot.id,
            flows,
            credentials: {},
            modules: {},
            nodeRed: '4.1.15',
            nodeJs: '20.0.0',
          }),
        });
        assert.equal(sent.status, 201, await sent.text());

        assert.deepEqual(await reading, flows);
        assert.match(String(await mendedFrom(digest)), /^the device device-/);
      } finally {
        agent.close();
      }
    });

    it('that nothing has a copy of are told to administrators once, with what they belong to', async () => {
      const flows = smallFlows();
      const { id, name } = await buildInstance(cp, applicationId, { flows });
      const snapshot = await take(cp, id, 'Lost');
      const digest = digestOfJson(flows);
      await damage(digest);

      const params = { id: snapshot.id };
      const refused = await cp.admin.refused('getSnapshotFlows', 500, { params });
      await cp.admin.refused('getSnapshotFlows', 500, { params });

      assert.match(refused.message, /of snapshot Lost is damaged in the database\. No identical copy/);
      const told = await lostPartsTold(cp);
      assert.deepEqual(
        told.map(({ subject, count, resolvedAt }) => [subject.id, count, resolvedAt]),
        [[digest, 1, null]],
      );
      assert.match(told[0]?.text ?? '', new RegExp(`instance ${name}, snapshot Lost of ${name}`));
      assert.equal((await audited(cp, 'snapshot-part.lost', digest)).length, 1);
      const other = await buildInstance(cp, applicationId, { flows });
      assert.deepEqual(await readFlows(cp, (await take(cp, other.id, 'Kept again')).id), flows);
    });
  });
}

describe('The reading of all parts of snapshots', function () {
  this.timeout(90_000);
  const cp = new ControlPlaneProcess();
  let rows: Knex;
  before(async () => {
    await cp.start();
    rows = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
  });
  after(async () => {
    await rows?.destroy();
    await cp.stop();
  });

  const restart = async () => {
    await cp.end('SIGKILL');
    await cp.start();
  };
  const progress = () => rows('part_checks').first();
  const finished = () => eventually(async () => (await progress())?.finished_at, { withinMs: 40_000 });

  it('mends what nobody read, goes on where it was killed, and tells what it cannot mend as long as that is so', async () => {
    await finished();
    const { applicationId } = await buildApplication(cp);
    const credentials = { broker1: { password: 'secret' } };
    const flowsOf = new Map<string, FlowNode[]>();
    for (let n = 0; n < 4; n++) {
      const { id } = await buildInstance(cp, applicationId);
      const flows = smallFlows();
      const body = { revision: 0, flows, credentials };
      await cp.admin.call('putFlows', { params: { id }, body });
      await take(cp, id, `Kept ${n}`);
      const { credentials_digest } = await rows('instances').where({ id }).first('credentials_digest');
      flowsOf.set(credentials_digest, flows);
    }
    const [early = '', , middle = '', late = ''] = [...flowsOf.keys()].sort();
    // Of another instance: looking for copies of its flows comes upon its credentials, which would be mended by the way.
    const lost = digestOfJson(flowsOf.get(middle));
    const bytesOf = async (digest: string) => (await rows('blobs').where({ digest }).first('bytes'))?.bytes;
    await cp.end('SIGKILL');
    await rows('blobs').whereIn('digest', [early, late, lost]).update({ bytes: NOTHING });
    await rows('part_checks').update({ finished_at: null, position: middle });
    await cp.start();

    await finished();

    assert.deepEqual(await bytesOf(early), NOTHING, 'it was read before it was killed');
    assert.notDeepEqual(await bytesOf(late), NOTHING);
    assert.equal((await audited(cp, 'snapshot-part.mended', late)).length, 1);
    const isTold = lost > middle;
    assert.deepEqual(
      (await lostPartsTold(cp)).map(({ subject }) => subject.id),
      isTold ? [lost] : [],
    );

    await rows('part_checks').update({ finished_at: new Date(Date.now() - 8 * 86_400_000).toISOString() });
    await restart();
    await eventually(async () => (await audited(cp, 'snapshot-part.mended', early)).length === 1, {
      withinMs: 40_000,
    });
    const [told] = await eventually(async () => {
      const all = await lostPartsTold(cp);
      return all.length === 1 && all;
    });
    assert.equal(told?.subject.id, lost);

    await deploy(cp, (await buildInstance(cp, applicationId)).id, flowsOf.get(middle) ?? []);
    await restart();
    await eventually(async () => (await lostPartsTold(cp)).every(({ resolvedAt }) => resolvedAt !== null));
  });
});

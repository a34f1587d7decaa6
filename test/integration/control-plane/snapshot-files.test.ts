import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decryptCredentials } from '../../../control-plane/src/secrets/flow-credentials.ts';
import { answeringFlow, buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

const SECRET = 'moved with care';
const FIXTURES = join(import.meta.dirname, '../../support/fixtures/snapshots');

function fixture(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), 'utf8'));
}

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`A snapshot as a file, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;
    let instanceId: string;
    let deviceId: string;

    before(async () => {
      cp = await startControlPlane({ database });
      ({ teamId, applicationId } = await buildApplication(cp));
      instanceId = (await buildInstance(cp, applicationId)).id;
      const device = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: 'press', applicationId },
      });
      deviceId = device.id;
    });
    after(() => cp?.stop());

    const upload = (body: {
      file: Record<string, unknown>;
      credentialSecret?: string;
      parts?: Array<'flows' | 'credentials' | 'variables' | 'settings' | 'modules'>;
      name?: string;
    }) => cp.admin.call('importInstanceSnapshot', { params: { id: instanceId }, body });
    const refused = async (body: { file: Record<string, unknown>; credentialSecret?: string }) => {
      const error = await cp.admin.refused('importInstanceSnapshot', 422, {
        params: { id: instanceId },
        body,
      });
      return (error.details?.fields ?? []) as Array<{ field: string; message: string }>;
    };
    const snapshots = async () =>
      (await cp.admin.call('listInstanceSnapshots', { params: { id: instanceId } })).total;
    const download = (
      id: string,
      body: { credentialSecret?: string; parts?: Array<'flows' | 'credentials'> },
    ) => cp.admin.call('exportSnapshot', { params: { id }, body });

    it('comes back elsewhere as it was', async () => {
      const { snapshot } = await upload({ file: fixture('flowyard'), credentialSecret: SECRET });
      const other = await buildInstance(cp, applicationId);

      const file = await download(snapshot.id, { credentialSecret: 'another secret' });
      const { snapshot: again } = await cp.admin.call('importInstanceSnapshot', {
        params: { id: other.id },
        body: { file: file as unknown as Record<string, unknown>, credentialSecret: 'another secret' },
      });
      const diff = await cp.admin.call('diffSnapshots', {
        params: { id: snapshot.id, otherId: again.id },
      });

      assert.equal(diff.same, true);
      assert.equal(snapshot.kind, 'import');
      const opened = await download(again.id, { credentialSecret: 'a third secret' });
      assert.deepEqual(decryptCredentials('a third secret', opened.credentials ?? {}), {
        '4f1d0a6f0a5b1c02': { user: 'line4', password: 'tank-and-valve' },
      });
    });

    it('has the parts that were chosen, and credentials only under a secret', async () => {
      const { snapshot } = await upload({ file: fixture('flowyard'), credentialSecret: SECRET });

      const plain = await download(snapshot.id, {});
      const flows = await download(snapshot.id, { parts: ['flows'] });

      assert.equal(plain.credentials, undefined);
      assert.deepEqual(plain.variables, [
        { name: 'LINE', value: '1', secret: false },
        { name: 'API_KEY', value: null, secret: true },
      ]);
      assert.deepEqual(Object.keys(flows).sort(), [
        'description',
        'flows',
        'format',
        'name',
        'nodeJs',
        'nodeRed',
        'of',
        'takenAt',
        'version',
      ]);
      assert.doesNotMatch(JSON.stringify(plain), /tank-and-valve/);
      await cp.admin.refused('exportSnapshot', 422, {
        params: { id: snapshot.id },
        body: { parts: ['flows', 'credentials'] },
      });
    });

    it('is one of FlowFuse, of an instance', async () => {
      const { snapshot, leftOut } = await upload({
        file: fixture('flowfuse-instance'),
        credentialSecret: SECRET,
      });

      assert.equal(snapshot.name, 'Release 7');
      assert.equal(snapshot.description, 'Before the summer stop');
      assert.deepEqual([snapshot.flows, snapshot.nodes, snapshot.nodeRed], [1, 4, '4.1.15']);
      assert.deepEqual(snapshot.modules, { '@flowfuse/node-red-dashboard': '~1.29.0' });
      assert.deepEqual(leftOut, [
        'the variable OLD-NAME, whose name cannot be used here',
        'the module node-red-contrib-own, which does not come from a registry in one version',
      ]);
      const file = await download(snapshot.id, { credentialSecret: 'another secret' });
      assert.deepEqual(file.variables, [
        { name: 'LINE', value: '4', secret: false },
        { name: 'API_KEY', value: null, secret: true },
      ]);
      assert.equal(Object.keys(decryptCredentials('another secret', file.credentials ?? {})).length, 1);
    });

    it('is one of FlowFuse, of a device, and of a Node-RED that is too old to be run here', async () => {
      const { snapshot } = await cp.admin.call('importDeviceSnapshot', {
        params: { id: deviceId },
        body: { file: fixture('flowfuse-device') },
      });

      assert.deepEqual(snapshot.owner, { kind: 'device', id: deviceId, name: 'press' });
      assert.deepEqual(snapshot.modules, { 'node-red-node-random': '0.4.1' });
      assert.notEqual(snapshot.nodeRed, '3.1.9');
    });

    it('changes nothing when the secret is wrong or missing, and says so', async () => {
      const before = await snapshots();

      for (const name of ['flowyard', 'flowfuse-instance']) {
        const wrong = await refused({ file: fixture(name), credentialSecret: 'wrong' });
        const missing = await refused({ file: fixture(name) });
        assert.deepEqual(
          wrong.map(({ field }) => field),
          ['credentialSecret'],
        );
        assert.deepEqual(
          missing.map(({ field }) => field),
          ['credentialSecret'],
        );
      }

      assert.equal(await snapshots(), before);
    });

    it('can be taken in without its credentials', async () => {
      const { snapshot } = await upload({
        file: fixture('flowfuse-instance'),
        parts: ['flows'],
        name: 'Bare',
      });

      assert.deepEqual([snapshot.name, snapshot.modules], ['Bare', {}]);
    });

    it('is refused when it is something else, newer, or broken, with the place in it', async () => {
      const fieldOf = async (file: Record<string, unknown>) => (await refused({ file }))[0];

      assert.match((await fieldOf({ name: 'x' }))?.message ?? '', /neither/);
      assert.match((await fieldOf({ ...fixture('flowyard'), version: 2 }))?.message ?? '', /newer/);
      assert.equal(
        (await fieldOf({ format: 'flowyard-snapshot', version: 1, name: 'x', flows: [{ id: 1 }] }))?.field,
        'file.flows.0.id',
      );
      assert.equal(
        (
          await fieldOf({
            format: 'flowyard-snapshot',
            version: 1,
            name: 'x',
            flows: [
              { id: 'a', type: 'tab' },
              { id: 'a', type: 'tab' },
            ],
          })
        )?.field,
        'flows',
      );
    });

    it('never brings values of secret variables or secret settings along, whoever wrote them in', async () => {
      const { snapshot, leftOut } = await upload({
        file: {
          format: 'flowyard-snapshot',
          version: 1,
          name: 'Written by hand',
          flows: [],
          variables: [{ name: 'KEY', value: 'hush', secret: true }],
          settings: { 'login.password': 'hush hush', 'runtime.timeZone': 'Nowhere/Land' },
        },
      });

      const file = await download(snapshot.id, {});

      assert.doesNotMatch(JSON.stringify(file), /hush|Nowhere/);
      assert.equal(leftOut.length, 2);
    });

    it('is for members; viewers have the flows alone', async () => {
      const viewer = await buildMember(cp, teamId, 'viewer');
      const member = await buildMember(cp, teamId, 'member');
      const { id } = await cp.admin.call('createInstanceSnapshot', {
        params: { id: (await buildInstance(cp, applicationId, { flows: answeringFlow('x') })).id },
        body: { name: 'Shared' },
      });

      await viewer.client.refused('exportSnapshot', 403, { params: { id }, body: {} });
      await member.client.call('exportSnapshot', { params: { id }, body: {} });

      const { items } = await cp.admin.call('listTeamAudit', { params: { id: teamId } });
      assert.ok(items.some(({ event, subject }) => event === 'snapshot.exported' && subject?.id === id));
    });

    it('counts for the limits of the team', async () => {
      const small = await buildApplication(cp);
      const [standard] = (await cp.admin.call('listTeamTypes')).items;
      await cp.admin.call('updateTeamType', {
        params: { id: standard?.id ?? '' },
        body: { limits: { snapshots: 1 } },
      });
      const { id } = await buildInstance(cp, small.applicationId);
      const body = { file: fixture('flowyard'), credentialSecret: SECRET };

      await cp.admin.call('importInstanceSnapshot', { params: { id }, body });
      await cp.admin.refused('importInstanceSnapshot', 409, { params: { id }, body });
    });
  });
}

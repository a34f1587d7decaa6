import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { createStores } from '../../../control-plane/src/db/stores.ts';
import { decryptCredentials } from '../../../control-plane/src/secrets/flow-credentials.ts';
import { loadSecretKey } from '../../../control-plane/src/secrets/secret-key.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

const CREDENTIALS = { broker1: { user: 'line', password: 'between us' } };
const VARIABLES = [
  { name: 'SPEED', value: '12', secret: false },
  { name: 'TOKEN', value: 'hidden away', secret: true },
];

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`A copy of an instance, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let place: { teamId: string; applicationId: string };
    let original: InstanceView;

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
      original = await buildInstance(cp, place.applicationId);
      const params = { id: original.id };
      const flows = [
        ...answeringFlow('copied'),
        { id: 'broker1', type: 'mqtt-broker', name: 'Plant', broker: '127.0.0.1', port: '1' },
      ];
      await cp.admin.call('putFlows', { params, body: { revision: 0, flows, credentials: CREDENTIALS } });
      await cp.admin.call('setInstanceVariables', { params, body: { items: VARIABLES } });
    });
    after(() => cp?.stop());

    const copy = (copyOf: object, more: object = {}) => ({
      params: { id: place.applicationId },
      body: {
        name: uniqueName('copy'),
        start: false,
        copyOf: { instanceId: original.id, ...copyOf },
        ...more,
      },
    });

    /** What the process of an instance would read. */
    async function secretsOf(id: string) {
      const rows = openDatabase(cp.database);
      try {
        const vault = new Vault(loadSecretKey(null, cp.dataDir));
        const stores = createStores(rows);
        const row = await stores.instances.find(id);
        assert.ok(row);
        const secret = vault.unseal(row.credentialSecret);
        const stored =
          row.credentialsDigest === null
            ? null
            : JSON.parse((await stores.blobs.get(row.credentialsDigest)).toString());
        const variables = await stores.instances.variables(id);
        return {
          secret,
          stored,
          credentials: stored && decryptCredentials(secret, stored),
          variables: Object.fromEntries(
            variables.map(({ name, value, secret: isSecret }) => [
              name,
              isSecret ? vault.unseal(value) : value,
            ]),
          ),
        };
      } finally {
        await rows.destroy();
      }
    }

    it('has the flows, the type, stack and template, and runs', async () => {
      const made = await cp.admin.call('createInstance', copy({}, { start: true }));

      await answers(made, 'copied');
      assert.deepEqual(
        [made.stack, made.instanceType, made.template],
        [original.stack, original.instanceType, original.template],
      );
      assert.equal(made.flowsChangedBy, 'admin');
      const { credentials, variables } = await secretsOf(made.id);
      assert.equal(credentials, null);
      assert.deepEqual(variables, { SPEED: '', TOKEN: '' });
      await cp.admin.call('controlInstance', { params: { id: made.id }, body: { action: 'stop' } });
    });

    it('has credentials for its own secret, and values of variables, when they are asked for', async () => {
      const made = await cp.admin.call('createInstance', copy({ credentials: true, variables: 'values' }));

      const [of, from] = [await secretsOf(made.id), await secretsOf(original.id)];
      assert.deepEqual(of.credentials, CREDENTIALS);
      assert.notEqual(of.secret, from.secret);
      assert.notDeepEqual(of.stored, from.stored);
      assert.deepEqual(of.variables, { SPEED: '12', TOKEN: 'hidden away' });
      const { items } = await cp.admin.call('getInstanceVariables', { params: { id: made.id } });
      assert.deepEqual(items.at(-1), { name: 'TOKEN', value: null, secret: true });
    });

    it('is empty but for its parts when nothing is asked for, and given variables win', async () => {
      const made = await cp.admin.call('createInstance', copy({ flows: false, variables: 'none' }));
      const given = await cp.admin.call(
        'createInstance',
        copy({ variables: 'values' }, { env: { SPEED: '99' } }),
      );

      assert.deepEqual((await cp.admin.call('getFlows', { params: { id: made.id } })).flows, []);
      assert.deepEqual((await secretsOf(made.id)).variables, {});
      assert.deepEqual((await secretsOf(given.id)).variables, { SPEED: '99', TOKEN: 'hidden away' });
    });

    it('takes the right to read the original, and for secrets the right to edit it', async () => {
      const other = await buildApplication(cp);
      const { client, userId, username } = await buildMember(cp, other.teamId, 'owner');
      const into = (copyOf: object) => ({ ...copy(copyOf), params: { id: other.applicationId } });

      await client.refused('createInstance', 404, into({}));
      await cp.admin.call('addMember', { params: { id: place.teamId }, body: { username, role: 'viewer' } });
      await client.call('createInstance', into({}));
      await client.refused('createInstance', 403, into({ credentials: true }));
      await client.refused('createInstance', 403, into({ variables: 'values' }));
      await client.refused('createInstance', 403, into({ settings: true }));
      await cp.admin.call('setApplicationRole', {
        params: { id: place.applicationId, userId },
        body: { role: 'none' },
      });
      await client.refused('createInstance', 404, into({}));
    });

    it('obeys the limits of the team, also when two are made at once', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const type = await cp.admin.call('createTeamType', {
        body: { name: uniqueName('One'), limits: { instances: 1 } },
      });
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: type.id } });

      const answered = await Promise.all(
        [1, 2].map(() =>
          cp.admin.send('POST', `/applications/${applicationId}/instances`, { body: copy({}).body }),
        ),
      );

      assert.deepEqual(answered.map(({ status }) => status).sort(), [201, 409]);
    });

    it('refuses what makes no sense, and names the field', async () => {
      for (const [copyOf, field] of [
        [{ flows: false, credentials: true }, 'copyOf.credentials'],
        [{ variables: 'some' }, 'copyOf.variables'],
        [{ flows: 'yes' }, 'copyOf.flows'],
        [{ instanceId: '../x' }, 'copyOf.instanceId'],
        [{ colour: 1 }, 'colour'],
      ] as const) {
        const error = await cp.admin.refused('createInstance', 422, copy(copyOf));
        assert.match(JSON.stringify(error), new RegExp(field));
      }
      await cp.admin.refused('createInstance', 404, copy({ instanceId: '01abcdefghjkmnpqrstvwxyz00' }));
    });
  });
}

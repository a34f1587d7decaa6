import assert from 'node:assert/strict';
import type { FlowNode } from '@flowyard/protocol';
import { encryptCredentials } from '../../../control-plane/src/secrets/flow-credentials.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildMember,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

/** Answers with the password that the node of the HTTP request has, as the request carries it to itself. */
const FLOWS: FlowNode[] = [
  ...answeringFlow('imported'),
  {
    id: 'http1',
    type: 'http request',
    z: 'tab1',
    url: 'http://127.0.0.1:9/',
    authType: 'basic',
    wires: [[]],
    x: 1,
    y: 1,
  },
];
const CREDENTIALS = { http1: { user: 'plc', password: 'secret of the plant' } };

describe('A Node-RED that is imported', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let teamId: string;
  let applicationId: string;

  before(async () => {
    cp = await startControlPlane();
    ({ teamId, applicationId } = await buildApplication(cp));
  });
  after(() => cp?.stop());

  const call = (body: Record<string, unknown>) => ({
    params: { id: applicationId },
    body: { name: uniqueName('imported'), flows: FLOWS, ...body },
  });

  it('runs with its flows and its credentials, encrypted anew', async () => {
    const credentials = encryptCredentials('its own secret', CREDENTIALS);

    const instance = await cp.admin.call(
      'importInstance',
      call({ credentials, credentialSecret: 'its own secret' }),
    );

    await answers(instance, 'imported');
    const running = await instanceIn(cp, instance.id, 'running');
    assert.equal(running.flowsRevision, 1);
    assert.equal(running.flowsChangedBy, 'admin');
  });

  it('takes credentials that are not encrypted, too', async () => {
    const instance = await cp.admin.call('importInstance', call({ credentials: CREDENTIALS }));

    await instanceIn(cp, instance.id, 'running');
  });

  it('installs its modules before its flows start', async () => {
    const flows = [
      { id: 'tab1', type: 'tab', label: 'Random' },
      {
        id: 'r1',
        type: 'random',
        z: 'tab1',
        low: 1,
        high: 10,
        inte: 'true',
        property: 'payload',
        wires: [[]],
        x: 1,
        y: 1,
      },
    ];

    const instance = await cp.admin.call(
      'importInstance',
      call({ flows, modules: { 'node-red-node-random': '~0.4.1' } }),
    );

    await instanceIn(cp, instance.id, 'running');
  });

  it('is refused with what is wrong, and leaves nothing behind', async () => {
    const sealed = encryptCredentials('its own secret', CREDENTIALS);
    const fieldOf = async (body: Record<string, unknown>) => {
      const error = await cp.admin.refused('importInstance', 422, call(body));
      const [field] = (error.details?.fields ?? []) as Array<{ field: string; message: string }>;
      return `${field?.field} ${field?.message}`;
    };

    assert.match(await fieldOf({ credentials: sealed }), /^credentialSecret is needed/);
    assert.match(
      await fieldOf({ credentials: sealed, credentialSecret: 'wrong' }),
      /^credentialSecret does not open/,
    );
    assert.match(await fieldOf({ flows: [...FLOWS, FLOWS[0]] }), /^flows has two nodes with the id tab1/);
    assert.match(await fieldOf({ flows: [{ id: 'a' }] }), /^flows\.0\.type/);
    assert.match(await fieldOf({ modules: { mine: 'file:../mine' } }), /^modules\.mine is not a version/);
    assert.match(await fieldOf({ modules: { '../evil': '1.0.0' } }), /^modules/);
    assert.match(await fieldOf({ name: 'admin' }), /^name is reserved/);
    const { items } = await cp.admin.call('listInstances', { params: { id: applicationId } });
    assert.equal(items.length, 3);
  });

  it('may be imported by whoever may make instances', async () => {
    const { client } = await buildMember(cp, teamId, 'member');

    await client.refused('importInstance', 403, call({}));
  });
});

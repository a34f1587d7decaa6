import assert from 'node:assert/strict';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const MODULES = { 'tiny-machine': '1.2.3' };

function buildLock(gear: object = {}): string {
  return JSON.stringify({
    lockfileVersion: 3,
    packages: {
      '': { dependencies: MODULES },
      'node_modules/tiny-machine': { version: '1.2.3', dependencies: { 'tiny-gear': '^1.0.0' } },
      'node_modules/tiny-gear': {
        version: '1.0.0',
        resolved: 'http://registry.example/tiny-gear.tgz',
        integrity: 'sha512-abc',
        ...gear,
      },
    },
  });
}

describe('Lock files of snapshots', function () {
  this.timeout(20_000);
  let cp: RunningControlPlane;
  let teamId: string;
  let applicationId: string;
  const agents: AgentClient[] = [];

  before(async () => {
    cp = await startControlPlane();
    ({ teamId, applicationId } = await buildApplication(cp));
  });
  afterEach(() => {
    for (const agent of agents.splice(0)) {
      agent.close();
    }
  });
  after(() => cp?.stop());

  async function buildDevice() {
    const { id, credentials } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: uniqueName('device'), applicationId },
    });
    const agent = await AgentClient.connect(cp.url, credentials.token);
    agents.push(agent);
    agent.hello({ capabilities: ['snapshot'] });
    await agent.target();
    return { id, agent, headers: { authorization: `Bearer ${credentials.token}` } };
  }

  /** Takes a snapshot of a device whose agent answers with that lock file, and makes it the target of another one. */
  async function carry(lock: string | undefined) {
    const from = await buildDevice();
    const to = await buildDevice();
    const taking = cp.admin.call('createDeviceSnapshot', {
      params: { id: from.id },
      body: { name: 'As it is' },
    });
    const { id: requestId } = await eventually(() => {
      const command = from.agent.commands.find(({ type }) => type === 'take-snapshot');
      return command?.type === 'take-snapshot' && command;
    });
    const content = { flows: [], credentials: {}, modules: MODULES, nodeRed: '4.1.15', nodeJs: '20.0.0' };
    const sent = await fetch(`${cp.url}/api/v1/agent/snapshots`, {
      method: 'POST',
      headers: { ...from.headers, 'content-type': 'application/json' },
      body: JSON.stringify({
        requestId,
        baseSnapshotId: null,
        ...content,
        ...(lock !== undefined && { lock }),
      }),
    });
    assert.equal(sent.status, 201, await sent.text());
    const { id: snapshotId, lockProblem } = await taking;
    await cp.admin.call('setDeviceTarget', { params: { id: to.id }, body: { snapshotId } });
    const { snapshot } = await to.agent.target((target) => target.snapshot?.id === snapshotId);
    const fetchLock = (digest: string) =>
      fetch(`${cp.url}/api/v1/agent/blobs/${digest}`, { headers: to.headers });
    return { digest: snapshot?.manifest.lock ?? null, lockProblem, fetchLock, stranger: from };
  }

  it('go from one device to another, without the address of a registry', async () => {
    const { digest, lockProblem, fetchLock, stranger } = await carry(buildLock());

    assert.ok(digest !== null);
    assert.equal(lockProblem, null);
    const { packages } = (await (await fetchLock(digest)).json()) as { packages: Record<string, object> };
    assert.deepEqual(packages['node_modules/tiny-gear'], { version: '1.0.0', integrity: 'sha512-abc' });
    const other = await fetch(`${cp.url}/api/v1/agent/blobs/${digest}`, { headers: stranger.headers });
    assert.equal(other.status, 404, 'other devices do not get it');
  });

  it('are left out when they would fetch from a repository, and when an older agent sends none: the snapshot says why', async () => {
    const cases: Array<[lock: string | undefined, why: RegExp]> = [
      [
        buildLock({ resolved: 'git+ssh://git@example.com/gear.git' }),
        /tiny-gear from a repository.*Use a version/,
      ],
      ['nonsense', /not a lock file of npm 7.*newer npm/],
      [undefined, /no package-lock\.json.*Update the agent/],
    ];
    for (const [lock, why] of cases) {
      const { digest, lockProblem } = await carry(lock);

      assert.equal(digest, null);
      assert.match(lockProblem ?? '', why);
    }
  });
});

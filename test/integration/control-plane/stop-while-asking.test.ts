import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { digestOf } from '../../../control-plane/src/features/snapshots/blob-store.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { answeringFlow, buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';

/** Each would be waited for ten seconds. */
const DEVICES = 4;

describe('A control plane that is stopped while it asks devices for a lost part', function () {
  this.timeout(60_000);
  const cp = new ControlPlaneProcess();
  const agents: AgentClient[] = [];
  before(() => cp.start());
  after(async () => {
    for (const agent of agents) {
      agent.close();
    }
    await cp.stop();
  });

  const asked = (agent: AgentClient) => agent.commands.some(({ type }) => type === 'take-snapshot');

  it('asks no other one, ends, and has not given the part up', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const flows = answeringFlow('only here');
    const { id } = await buildInstance(cp, applicationId, { flows });
    const snapshot = await cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name: 'x' } });
    const rows = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
    for (let n = 0; n < DEVICES; n++) {
      const body = { name: uniqueName('device'), applicationId };
      const { credentials } = await cp.admin.call('createDevice', { params: { id: teamId }, body });
      const agent = await AgentClient.connect(cp.url, credentials.token);
      agents.push(agent);
      agent.hello({ capabilities: ['snapshot'], current: { state: 'running', snapshotId: snapshot.id } });
    }
    await eventually(async () => {
      const running = await rows('devices').where({ running_snapshot_id: snapshot.id });
      return running.length === DEVICES;
    });
    await eventually(async () => (await rows('part_checks').first())?.finished_at);
    await rows('blobs')
      .where({ digest: digestOf(Buffer.from(JSON.stringify(flows))) })
      .update({ bytes: Buffer.from('nothing that unpacks') });
    await rows('part_checks').update({ finished_at: null, position: '' });
    await eventually(() => agents.some(asked), { withinMs: 30_000 });

    const code = await cp.end('SIGTERM');

    assert.equal(code, 0);
    assert.equal(agents.filter(asked).length, 1);
    assert.deepEqual(await rows('lost_parts').select(), []);
    await rows.destroy();
  });
});

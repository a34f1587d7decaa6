import assert from 'node:assert/strict';
import type { DeviceView } from '@flowyard/protocol';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const MB = 1024 * 1024;
const HEALTH = { cpuPercent: 12.5, cores: 4, diskFreeBytes: 50_000 * MB, diskTotalBytes: 60_000 * MB };

describe('The health of the machines of devices', () => {
  let cp: RunningControlPlane;
  let agent: AgentClient;
  let id: string;
  const view = () => cp.admin.call('getDevice', { params: { id } });
  const viewThat = (fits: (device: DeviceView) => boolean) =>
    eventually(async () => {
      const device = await view();
      return fits(device) && device;
    });

  before(async () => {
    cp = await startControlPlane();
    const { teamId, applicationId } = await buildApplication(cp);
    const { device, credentials } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'Gateway', applicationId },
    });
    id = device.id;
    agent = await AgentClient.connect(cp.url, credentials.token);
    agent.hello();
    await viewThat(({ presence }) => presence === 'online');
  });
  after(async () => {
    agent?.close();
    await cp?.stop();
  });

  it('is shown with the device, and as it was last seen when it is away', async () => {
    assert.equal((await view()).host, null);
    agent.send({ type: 'host', health: HEALTH });
    const online = await viewThat(({ host }) => host?.cpuPercent === 12.5);
    assert.deepEqual([online.host?.temperature, online.host?.warnings], [null, []]);

    agent.send({ type: 'host', health: { ...HEALTH, diskFreeBytes: 20 * MB } });
    const full = await viewThat(({ host }) => host?.warnings.length === 1);
    assert.match(full.host?.warnings[0] ?? '', /disk is nearly full: 20 MB/);

    agent.close();
    const offline = await viewThat(({ presence }) => presence === 'offline');
    assert.deepEqual([offline.status, offline.host?.diskFreeBytes], ['offline', 20 * MB]);
  });
});

import assert from 'node:assert/strict';
import { buildMember } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('The limit of attempts to sign in', function () {
  this.timeout(60_000);
  let cp: RunningControlPlane;
  before(async () => {
    cp = await startControlPlane({ config: { trustedProxies: ['127.0.0.1', '::1', '::ffff:127.0.0.1'] } });
  });
  after(() => cp?.stop());

  const attempt = async (from: string, username: string, password: string) =>
    (
      await cp.visitor().send('POST', '/session', {
        body: { username, password },
        headers: { 'x-forwarded-for': from },
      })
    ).status;

  it('stops whoever hammers an account, and not its person from elsewhere or with their session', async () => {
    const { client, username } = await buildMember(cp, null);

    const statuses: number[] = [];
    for (let n = 0; n < 15; n++) {
      statuses.push(await attempt('192.0.2.1', username, 'a wrong password'));
    }

    assert.deepEqual(statuses, [...Array(10).fill(401), ...Array(5).fill(429)]);
    assert.equal(await attempt('192.0.2.1', username, ADMIN_PASSWORD), 429);
    assert.equal(await attempt('192.0.2.2', username, ADMIN_PASSWORD), 201);
    await client.call('getSession');
  });

  it('stops an address that tries many accounts, and no other one', async () => {
    const { username } = await buildMember(cp, null);

    const statuses: number[] = [];
    for (let n = 0; n < 102; n++) {
      statuses.push(await attempt('192.0.2.3', `nobody-${n}`, 'a wrong password'));
    }

    assert.equal(statuses.filter((status) => status === 401).length, 100);
    assert.equal(await attempt('192.0.2.3', username, ADMIN_PASSWORD), 429);
    assert.equal(await attempt('192.0.2.4', username, ADMIN_PASSWORD), 201);
  });
});

import assert from 'node:assert/strict';
import { startHttpProxy, startSocksProxy } from '../../support/proxies.ts';
import { runCommandWithin } from './support/agent-process.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

for (const [kind, start] of [
  ['HTTP', startHttpProxy],
  ['SOCKS', startSocksProxy],
] as const) {
  describe(`a device behind a ${kind} proxy`, function () {
    this.timeout(3 * MINUTE);
    let registered: RegisteredDevice;
    let proxy: Awaited<ReturnType<typeof start>>;

    before(async () => {
      proxy = await start();
      registered = await RegisteredDevice.create();
    });
    afterEach(function () {
      if (this.currentTest?.state === 'failed') {
        registered.print();
      }
    });
    after(async () => {
      await registered?.dispose();
      await proxy?.stop();
    });

    it('reaches the control plane through it, and only that; its password is not told', async () => {
      const { device, plane } = registered;
      // npm goes its own way here: what the test installs is in its cache.
      device.startWithin({ HTTP_PROXY: proxy.url, http_proxy: proxy.url, no_proxy: '' });

      await registered.connected();
      await registered.run('snap001', 'one');

      const { port } = new URL(plane.url);
      assert.ok(proxy.destinations.length >= 2, 'the link and what is fetched');
      assert.deepEqual([...new Set(proxy.destinations.map((to) => to.split(':')[1]))], [port]);
      assert.match(device.output, /leads through the proxy/);
      assert.ok(!device.output.includes('secret'));
    });

    it('goes around it where NO_PROXY says so', async () => {
      const { device, plane } = registered;
      const before = proxy.destinations.length;

      const { stdout } = await runCommandWithin(
        { HTTP_PROXY: proxy.url, http_proxy: proxy.url, NO_PROXY: 'localhost,127.0.0.1' },
        ...['doctor', '--dir', device.folder, '--port', String(device.port)],
      );

      assert.match(stdout, /control plane/);
      assert.ok(!/^. proxy/m.test(stdout), stdout);
      assert.equal(proxy.destinations.length, before);
      assert.ok(plane.url);
    });
  });
}

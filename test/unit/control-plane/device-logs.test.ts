import assert from 'node:assert/strict';
import { DeviceLogs } from '../../../control-plane/src/relay/device-logs.ts';

const LINE = { at: '2026-01-01T00:00:00.000Z', level: 'info' as const, text: 'a line' };

describe('The logs of devices that somebody watches', () => {
  let connected: boolean;
  let logs: DeviceLogs;
  beforeEach(() => {
    connected = true;
    logs = new DeviceLogs(
      () => {},
      () => connected,
    );
  });

  it('are forgotten when the device goes and nobody looks', () => {
    const stop = logs.watch('device', () => {});
    logs.received('device', [LINE]);
    stop();
    assert.equal(logs.size, 1);
    connected = false;
    logs.disconnected('device');
    assert.equal(logs.size, 0);
  });

  it('stay for those who look when it goes, until the last of them leaves', () => {
    const stop = logs.watch('device', () => {});
    logs.received('device', [LINE]);
    connected = false;
    logs.disconnected('device');
    assert.equal(logs.recent('device', 10).length, 1);
    stop();
    assert.equal(logs.size, 0);
  });
});

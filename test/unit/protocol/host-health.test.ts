import assert from 'node:assert/strict';
import { HostHealth, hostWarnings, readAgentMessage } from '@flowyard/protocol';

const GB = 1024 ** 3;
const health = (changes: Partial<HostHealth> = {}) => HostHealth.parse(changes);

describe('The health of a machine', () => {
  it('is well where nothing is known', () => {
    assert.deepEqual(hostWarnings(health()), []);
  });

  it('is warned of when the disk is nearly full, measured by its size', () => {
    const warnings = (diskFreeBytes: number, diskTotalBytes: number | null) =>
      hostWarnings(health({ diskFreeBytes, diskTotalBytes }));
    assert.deepEqual(warnings(5 * GB, 100 * GB), []);
    assert.match(warnings(0.5 * GB, 100 * GB)[0] ?? '', /nearly full: 512 MB are free\. Free some space/);
    assert.deepEqual(warnings(0.5 * GB, 1 * GB), []);
    assert.equal(warnings(50 * 1024 * 1024, null).length, 1);
  });

  it('is warned of when it is hot, and when memory is used up', () => {
    assert.deepEqual(hostWarnings(health({ temperature: 79 })), []);
    assert.match(hostWarnings(health({ temperature: 85.4 }))[0] ?? '', /85 °C/);
    assert.match(
      hostWarnings(health({ memoryFreeBytes: 0.01 * GB, memoryTotalBytes: GB }))[0] ?? '',
      /memory is nearly used up: 10 MB/,
    );
  });

  it('is read from an agent with what is wrong left out', () => {
    const message = readAgentMessage(
      JSON.stringify({
        type: 'host',
        health: { load: 'much', temperature: 40, diskFreeBytes: -1, other: 1 },
      }),
    );
    assert.ok(message !== null && message !== 'unknown' && message.type === 'host');
    assert.deepEqual(message.health, health({ temperature: 40 }));
  });
});

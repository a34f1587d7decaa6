import assert from 'node:assert/strict';
import { createPostJson, mayPostTo } from '../../../control-plane/src/features/notifications/post-json.ts';

const OWN = [
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '169.254.169.254',
  '::1',
  '::',
  'fe80::1',
  '::ffff:127.0.0.1',
];
const PRIVATE = ['10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1', 'fd00::1', '::ffff:10.0.0.1'];
const PUBLIC = ['93.184.216.34', '2606:2800::1', '172.32.0.1'];

describe('Where webhooks may lead', () => {
  it('this machine only when any address is allowed', () => {
    for (const address of OWN) {
      assert.deepEqual(
        [mayPostTo(address, 'public'), mayPostTo(address, 'private'), mayPostTo(address, 'any')],
        [false, false, true],
        address,
      );
    }
  });

  it('private networks unless only public addresses are allowed', () => {
    for (const address of PRIVATE) {
      assert.deepEqual([mayPostTo(address, 'public'), mayPostTo(address, 'private')], [false, true], address);
    }
    for (const address of PUBLIC) {
      assert.deepEqual([mayPostTo(address, 'public'), mayPostTo(address, 'private')], [true, true], address);
    }
  });

  it('a name or address of this machine is refused before anything is sent', async () => {
    const post = createPostJson('private');
    for (const url of [
      'http://localhost:9/',
      'http://127.0.0.1:9/',
      'http://[::1]:9/',
      'http://[::ffff:127.0.0.1]:9/',
      'http://0x7f.1:9/',
      'http://2130706433:9/',
    ]) {
      await assert.rejects(post(url, '{}', {}), /may not lead to/, url);
    }
  });
});

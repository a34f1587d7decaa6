import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  deviceFile,
  joinCommands,
  registerCommands,
  runCommands,
} from '../../../control-plane/web/src/features/devices/device-commands.ts';
import { parseCommandLine } from '../../../device-agent/src/command-line.ts';
import { readDeviceFile } from '../../../device-agent/src/device-file.ts';

describe('what the page tells people to put on a device', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is a file that the agent understands', async () => {
    const credentials = {
      url: 'http://localhost:3000',
      deviceId: 'device01',
      token: 'fyd_-_x',
      secret: '0123',
    };
    writeFileSync(join(folder, 'device.yml'), deviceFile(credentials));

    const identity = await readDeviceFile(folder);

    assert.deepEqual(identity, { url: credentials.url, id: 'device01', token: 'fyd_-_x', secret: '0123' });
  });

  for (const line of [
    ...runCommands().split('\n'),
    ...registerCommands('https://a.example', 'fyp_x').split('\n'),
    ...joinCommands('https://a.example', 'one-two-three').split('\n'),
  ]) {
    const [program, ...args] = line.split(' ');
    if (program === 'flowyard-device') {
      it(`is a command that the agent understands: ${line}`, () => {
        assert.doesNotThrow(() => parseCommandLine(args, folder));
      });
    }
  }
});

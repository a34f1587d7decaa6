import assert from 'node:assert/strict';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { answeringFlows } from './support/flows.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

/** What the files below a folder take, each once however many names it has. */
async function bytesOf(folder: string, match: RegExp): Promise<number> {
  const sizes = new Map<number, number>();
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    if (match.test(path.relative(folder, file))) {
      const { ino, size } = await lstat(file);
      sizes.set(ino, size);
    }
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

describe('Two releases on one device', function () {
  this.timeout(3 * MINUTE);
  let at: RegisteredDevice;

  before(async () => {
    at = await RegisteredDevice.create();
  });
  after(() => at.dispose());

  it('take the disk of one, and what is new in the second', async () => {
    const { plane, device } = at;
    const store = path.join(device.folder, 'store');
    device.start('--store', store);
    const release = async (id: string, modules: Record<string, string>) => {
      plane.setTarget({ snapshot: plane.snapshot(id, { flows: answeringFlows(id), manifest: { modules } }) });
      await eventually(() => at.runs(id), { withinMs: 2 * MINUTE });
      return bytesOf(store, /^modules-.*node_modules/);
    };
    const common = { 'node-red-node-random': '0.4.1', 'node-red-node-smooth': '0.1.2' };

    const one = await release('snap001', common);
    const two = await release('snap002', { ...common, 'node-red-node-rbe': '0.5.0' });

    const added = await bytesOf(store, /^modules-.*node_modules\/(?:node-red-node-rbe\/|\.package-lock)/);
    process.stdout.write(`      ${one} bytes with one, ${two} with both, ${added} of them new\n`);
    assert.equal((await readdir(store)).filter((name) => name.startsWith('modules-')).length, 2);
    assert.ok(two <= one + added, `${one}, ${two}, ${added}`);
  });
});

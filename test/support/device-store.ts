import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | null = null;

/** Where devices of all tests install Node-RED and modules, so that npm brings Node-RED once for a whole run. */
export function sharedDeviceStore(): string {
  if (folder === null) {
    const made = mkdtempSync(join(tmpdir(), 'flowyard-store-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return folder;
}

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildApplication } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { freePort } from '../../support/ports.ts';
import { runCommand } from './support/agent-process.ts';

interface Check {
  name: string;
  level: 'good' | 'warning' | 'bad';
  found: string;
  advice: string | null;
}

describe('flowyard-device doctor', function () {
  this.timeout(60_000);
  let plane: RunningControlPlane;
  let folder: string;
  let deviceId: string;

  before(async () => {
    plane = await startControlPlane();
    folder = await mkdtemp(path.join(tmpdir(), 'flowyard-doctor-'));
    const { teamId } = await buildApplication(plane);
    const { id, credentials } = await plane.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'Press' },
    });
    deviceId = id;
    const { url, token, secret } = credentials;
    await writeFile(
      path.join(folder, 'device.yml'),
      Object.entries({ url, id, token, secret })
        .map(([key, value]) => `${key}: ${value}\n`)
        .join(''),
      { mode: 0o600 },
    );
  });
  after(async () => {
    await plane?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function examine(): Promise<{ code: number | null; of: (name: string) => Check | undefined }> {
    const port = String(await freePort());
    const { code, stdout } = await runCommand('doctor', '--dir', folder, '--port', port, '--json');
    const checks = JSON.parse(stdout) as Check[];
    return { code, of: (name) => checks.find((check) => check.name === name) };
  }

  it('finds a device well that has all it needs', async () => {
    const { code, of } = await examine();

    assert.equal(code, 0);
    for (const name of [
      'Node.js',
      'device.yml',
      'folder',
      'journal',
      'port',
      'control plane',
      'credentials',
      'websocket',
    ]) {
      assert.equal(of(name)?.level, 'good', JSON.stringify(of(name)));
    }
    assert.equal(of('release')?.level, 'warning');
  });

  it('names a file that others can read', async () => {
    await chmod(path.join(folder, 'device.yml'), 0o644);

    const { of } = await examine();

    assert.match(of('device.yml')?.advice ?? '', /^chmod 600/);
    await chmod(path.join(folder, 'device.yml'), 0o600);
  });

  it('says that a device was removed, and what to do', async () => {
    await plane.admin.call('deleteDevice', { params: { id: deviceId } });

    const { code, of } = await examine();

    assert.notEqual(code, 0);
    assert.equal(of('credentials')?.level, 'bad');
    assert.match(of('credentials')?.advice ?? '', /register --force/);
  });

  it('says that nothing answers at the address', async () => {
    await plane.stop();

    const { code, of } = await examine();

    assert.notEqual(code, 0);
    assert.match(of('control plane')?.found ?? '', /nothing listens there/);
    assert.equal(of('websocket'), undefined);
  });
});

describe('flowyard-device install-service', () => {
  it('prints a unit that systemd takes', async function () {
    const folder = await mkdtemp(path.join(tmpdir(), 'flowyard device $HOME %n '));
    try {
      const { code, stdout } = await runCommand(
        ...['install-service', '--print', '--user', 'root', '--dir', folder, '--port', '1882'],
      );
      assert.equal(code, 0);
      assert.match(stdout, /^ExecStart=.*--port 1882$/m);
      assert.match(stdout, /^KillMode=process$/m);
      const unit = path.join(folder, 'flowyard-device.service');
      await writeFile(unit, stdout);
      const complaint = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', unit]).then(
        ({ stderr }) => stderr,
        (error: NodeJS.ErrnoException & { stderr?: string }) =>
          error.code === 'ENOENT' ? null : (error.stderr ?? error.message),
      );
      if (complaint === null) {
        this.skip();
      }
      assert.equal(complaint, '');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

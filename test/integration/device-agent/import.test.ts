import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SnapshotView } from '@flowyard/protocol';
import { buildApplication, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { sharedDeviceStore } from '../../support/device-store.ts';
import { eventually } from '../../support/eventually.ts';
import { runCommand, TestDevice } from './support/agent-process.ts';
import { encryptCredentials } from './support/credentials.ts';
import { answeringFlows } from './support/flows.ts';

const SECRET = 'of the old Node-RED';
const PASSWORD = 'kept over the move';

describe('the Node-RED that a machine had before', function () {
  this.timeout(180_000);
  let plane: RunningControlPlane;
  let device: TestDevice;
  let old: string;
  let teamId: string;
  let applicationId: string;

  before(async () => {
    plane = await startControlPlane();
    ({ teamId, applicationId } = await buildApplication(plane));
  });
  beforeEach(async () => {
    device = await TestDevice.create(sharedDeviceStore());
    old = await mkdtemp(path.join(tmpdir(), 'flowyard-old-'));
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      process.stdout.write(device.output);
    }
    await device?.dispose();
    await rm(old, { recursive: true, force: true });
  });
  after(() => plane?.stop());

  /** Flows that answer with a password that only their credentials have. */
  async function layOut(flowFile: string): Promise<void> {
    const flows = [
      ...answeringFlows('old'),
      { id: 'broker1', type: 'mqtt-broker', name: '', broker: 'localhost', port: '1' },
    ];
    await writeFile(path.join(old, flowFile), JSON.stringify(flows));
    await writeFile(
      path.join(old, flowFile.replace('.json', '_cred.json')),
      JSON.stringify(encryptCredentials({ broker1: { user: 'me', password: PASSWORD } }, SECRET)),
    );
    await writeFile(
      path.join(old, 'settings.js'),
      `module.exports = {\n  // credentialSecret: 'not this one',\n  flowFile: '${flowFile}',\n  credentialSecret: "${SECRET}",\n};\n`,
    );
  }

  const register = async (...more: string[]) => {
    const { token } = await plane.admin.call('createProvisioningToken', {
      params: { id: teamId },
      body: { name: 'for old machines', applicationId },
    });
    return runCommand(
      ...['register', '--url', plane.url, '--token', token, '--name', uniqueName('old')],
      ...['--dir', device.folder, ...more],
    );
  };

  async function newestSnapshot(): Promise<SnapshotView> {
    const { items } = await plane.admin.call('listApplicationSnapshots', { params: { id: applicationId } });
    assert.ok(items[0]);
    return items[0];
  }

  it('is taken over with its credentials, and runs as a device', async () => {
    await layOut('my-flows.json');

    const joined = await register('--import', old);

    assert.equal(joined.code, 0, joined.stderr);
    assert.match(joined.stdout, /It is the target of this device/);
    device.start();
    assert.equal(await eventually(() => device.get('/hello'), { withinMs: 120_000 }), 'old');
    const [view] = (await plane.admin.call('listTeamDevices', { params: { id: teamId } })).items;
    assert.equal(view?.targetOrigin, 'device');
    const file = path.join(device.folder, 'current', 'flows_cred.json');
    const current = await eventually(() => readFile(file, 'utf8').catch(() => null));
    assert.ok(!current.includes(PASSWORD), 'it is encrypted, with the secret of the device');
    assert.equal(JSON.parse(await readFile(path.join(old, 'my-flows.json'), 'utf8')).length > 0, true);
  });

  it('brings its modules in the versions that are installed', async () => {
    await layOut('flows.json');
    const module = path.join(old, 'node_modules', 'left-pad');
    await mkdir(module, { recursive: true });
    await writeFile(
      path.join(module, 'package.json'),
      JSON.stringify({ name: 'left-pad', version: '1.3.0' }),
    );
    await writeFile(
      path.join(old, 'package.json'),
      JSON.stringify({ dependencies: { 'left-pad': '~1.2.0', 'not-installed': '*' } }),
    );
    await register();

    const taken = await runCommand('import', '--from', old, '--dir', device.folder);

    assert.match(taken.stdout, /1 modules/);
    assert.match((await newestSnapshot()).lockProblem ?? '', /no package-lock\.json/);

    await writeFile(
      path.join(old, 'package-lock.json'),
      JSON.stringify({
        lockfileVersion: 3,
        packages: {
          '': { dependencies: { 'left-pad': '^1.3.0' } },
          'node_modules/left-pad': { version: '1.3.0' },
        },
      }),
    );
    await runCommand('import', '--from', old, '--dir', device.folder);

    assert.equal((await newestSnapshot()).lockProblem, null, 'the lock file comes along when it fits');
  });

  it('is refused with the reason when its secret is not the right one, or when there is none', async () => {
    await layOut('flows.json');
    await writeFile(path.join(old, 'settings.js'), 'module.exports = { credentialSecret: "another" };');
    await register();

    const wrong = await runCommand('import', '--from', old, '--dir', device.folder);
    const nothing = await runCommand('import', '--from', device.folder, '--dir', device.folder);

    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /does not open these credentials/);
    assert.match(nothing.stderr, /no file with flows/);
  });
});

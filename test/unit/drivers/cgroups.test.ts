import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import {
  type CgroupFacts,
  CgroupGroups,
  chooseParent,
  createLimitGroups,
  limitFiles,
} from '../../../control-plane/src/drivers/local/cgroups.ts';
import { eventually } from '../../support/eventually.ts';

const logger = pino({ level: 'silent' });

/** A machine on which the group `plant.service` was delegated with both controllers. */
function machine(changes: Partial<CgroupFacts> & { files?: Record<string, string> } = {}): CgroupFacts {
  const files: Record<string, string> = {
    'cgroup.controllers': 'cpu memory pids',
    'system.slice/plant.service/cgroup.subtree_control': 'cpu memory\n',
    ...changes.files,
  };
  return {
    ownCgroup: '0::/system.slice/plant.service/control-plane\n',
    read: (path) => files[path] ?? null,
    isWritable: () => true,
    ...changes,
  };
}

describe('The choice of a cgroup for instances', () => {
  it('is the delegated one around the control plane', () => {
    assert.deepEqual(chooseParent(machine(), null), { parent: 'system.slice/plant.service' });
  });

  it('is the one that is configured', () => {
    const files = { 'plant/cgroup.subtree_control': 'memory cpu' };
    assert.deepEqual(chooseParent(machine({ files, ownCgroup: null }), 'plant'), { parent: 'plant' });
  });

  for (const [why, facts, configured, reason] of [
    ['there is no cgroup v2', machine({ read: () => null }), null, /no cgroup v2/],
    [
      'the control plane is in a group that nobody delegated',
      machine({ ownCgroup: '0::/user.slice/session-1.scope' }),
      null,
      /FLOWYARD_CGROUP/,
    ],
    ['the control plane is in no group', machine({ ownCgroup: null }), null, /FLOWYARD_CGROUP/],
    ['the configured one is not there', machine(), 'nowhere', /there is no cgroup nowhere/],
    [
      'a controller is not handed on',
      machine({ files: { 'system.slice/plant.service/cgroup.subtree_control': 'memory' } }),
      null,
      /does not hand on cpu to/,
    ],
    ['it may not be written', machine({ isWritable: () => false }), null, /may not make groups/],
  ] as const) {
    it(`is none when ${why}, with the reason`, () => {
      const choice = chooseParent(facts, configured);
      assert.ok('problem' in choice);
      assert.match(choice.problem, reason);
    });
  }
});

describe('The files of a cgroup', () => {
  it('allow more memory than the heap, and the share of the processor', () => {
    assert.deepEqual(limitFiles({ memoryMb: 512, cpuLimit: 0.5 }), {
      'memory.max': String(768 * 1024 * 1024),
      'cpu.max': '50000 100000',
    });
  });

  it('leave the processor free where there is no limit', () => {
    assert.equal(limitFiles({ memoryMb: 512, cpuLimit: null })['cpu.max'], 'max 100000');
  });
});

describe('Limits', () => {
  let folder: string;
  let sleeper: ChildProcess | undefined;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-cgroup-'));
  });
  afterEach(() => {
    sleeper?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('are written below a root that is delegated, and the controllers are handed on', async () => {
    writeFileSync(join(folder, 'cgroup.controllers'), 'cpu memory');
    mkdirSync(join(folder, 'plant'));
    writeFileSync(join(folder, 'plant', 'cgroup.procs'), '');
    writeFileSync(join(folder, 'plant', 'cgroup.subtree_control'), '');
    const groups = createLimitGroups({ parent: '/plant', logger, root: folder });
    // A real one answers without the signs.
    assert.match(readFileSync(join(folder, 'plant', 'cgroup.subtree_control'), 'utf8'), /\+memory \+cpu/);
    assert.match(groups.problem ?? '', /does not hand on/);

    await new CgroupGroups(join(folder, 'plant'), ['memory', 'cpu'], logger).place('one', 4711, {
      memoryMb: 256,
      cpuLimit: 2,
    });

    const read = (file: string) => readFileSync(join(folder, 'plant', 'flowyard-one', file), 'utf8');
    assert.equal(read('cpu.max'), '200000 100000');
    assert.equal(read('memory.max'), String(448 * 1024 * 1024));
    assert.equal(read('cgroup.procs'), '4711');
  });

  it('say what went wrong when they could not be written', async () => {
    const groups = new CgroupGroups(join(folder, 'file', 'below'), ['memory'], logger);
    writeFileSync(join(folder, 'file'), '');

    await groups.place('one', 4711, { memoryMb: 256, cpuLimit: null });

    assert.match(groups.problem ?? '', /could not be applied/);
  });

  it('hold a real process in a real cgroup, which goes when the process has ended', async function () {
    const root = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => {
      try {
        readFileSync(join(path, 'cgroup.controllers'));
        mkdirSync(join(path, 'flowyard-test'));
        return true;
      } catch {
        return false;
      }
    });
    if (root === undefined) {
      process.stdout.write('    skipped: this machine has no cgroup v2 in which the test may make a group\n');
      return this.skip();
    }
    const parent = join(root, 'flowyard-test');
    const enabled = readFileSync(join(parent, 'cgroup.subtree_control'), 'utf8').trim().split(/\s+/);
    process.stdout.write(
      `    in ${root}; controllers: ${enabled.join(', ') || 'none, so only the group is tested'}\n`,
    );
    const groups = new CgroupGroups(parent, enabled, logger);
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    sleeper = child;
    try {
      await groups.place('one', child.pid ?? 0, { memoryMb: 256, cpuLimit: 1 });
      const placed = readFileSync(`/proc/${child.pid}/cgroup`, 'utf8');
      assert.equal(groups.problem, null);
      await groups.sweep();
      assert.match(placed, /^0::.*\/flowyard-test\/flowyard-one$/m);
      assert.equal(
        readFileSync(join(parent, 'flowyard-one', 'cgroup.procs'), 'utf8').trim(),
        String(child.pid),
      );

      const removed = groups.remove('one');
      child.kill('SIGKILL');
      await removed;
      await groups.place('gone', child.pid ?? 0, { memoryMb: 256, cpuLimit: 1 });
      await groups.sweep();
      assert.equal(groups.problem, null);
    } finally {
      child.kill('SIGKILL');
      await eventually(() => {
        for (const name of ['flowyard-one', 'flowyard-gone', '']) {
          try {
            rmdirSync(join(parent, name));
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
              throw error;
            }
          }
        }
        return true;
      });
    }
  });
});

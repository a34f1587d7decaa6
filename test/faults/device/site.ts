import { execFileSync } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { DeviceTarget } from '@flowyard/protocol';
import { runCommand, TestDevice } from '../../integration/device-agent/support/agent-process.ts';
import type { FakeControlPlane } from '../../integration/device-agent/support/fake-control-plane.ts';
import { answeringFlows } from '../../integration/device-agent/support/flows.ts';
import { RegisteredDevice } from '../../integration/device-agent/support/registered-device.ts';
import { eventually } from '../../support/eventually.ts';
import { TinyRegistry } from '../../support/tiny-registry.ts';
import type { Facts } from './fault.ts';
import { Watch } from './watch.ts';

const USER_TEXT = 'of the user';
const WITHIN = { withinMs: 60_000 };

/** A device at a control plane, with a registry of its own, to which something is done. */
export class Site {
  readonly at: RegisteredDevice;
  readonly plane: FakeControlPlane;
  readonly device: TestDevice;
  readonly registry: TinyRegistry;
  readonly #mounts: string[] = [];
  readonly #others: TestDevice[] = [];
  #watch: Watch;

  private constructor(at: RegisteredDevice, registry: TinyRegistry) {
    this.at = at;
    this.plane = at.plane;
    this.device = at.device;
    this.registry = registry;
    this.#watch = new Watch(at.device);
  }

  /** A device that runs flows which answer "one". `mountMb` gives it a small disk of its own. */
  static async create(mountMb: number | null = null): Promise<Site> {
    const mounts: string[] = [];
    const at = await RegisteredDevice.create((folder) => {
      if (mountMb !== null) {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mountMb}m`, 'tmpfs', folder]);
        mounts.push(folder);
      }
    });
    const site = new Site(at, await new TinyRegistry().start());
    site.#mounts.push(...mounts);
    try {
      await at.startWithOne();
      await writeFile(path.join(at.device.folder, 'data', 'recipe.txt'), USER_TEXT);
      site.#watch.forget();
      return site;
    } catch (error) {
      await site.dispose();
      throw error;
    }
  }

  get watch(): Watch {
    return this.#watch;
  }

  file(...names: string[]): string {
    return path.join(this.device.folder, ...names);
  }

  /** A snapshot whose flows answer with a text. */
  snapshot(id: string, text: string, manifest: Record<string, unknown> = {}) {
    return this.plane.snapshot(id, { flows: answeringFlows(text), manifest });
  }

  target(change: Partial<DeviceTarget>): void {
    this.plane.setTarget(change);
  }

  async runs(id: string): Promise<void> {
    await eventually(() => this.at.runs(id), WITHIN);
  }

  async givesUp(id: string): Promise<void> {
    await eventually(() => this.plane.last?.failedSnapshotId === id && this.at.runs('snap001'), WITHIN);
  }

  async says(reason: RegExp): Promise<void> {
    await eventually(() => reason.test(this.plane.last?.reason ?? ''), WITHIN);
  }

  async answers(text: string): Promise<void> {
    await eventually(async () => (await this.device.get('/hello')) === text, WITHIN);
  }

  /** What the agent says of its link. */
  async link(): Promise<string> {
    const { stdout } = await runCommand('status', '--dir', this.device.folder, '--json');
    return (JSON.parse(stdout) as { link: { state: string } }).link.state;
  }

  /** Ends the agent, Node-RED going on, and starts it again. */
  async restartAgent(environment: Record<string, string> = {}, ...args: string[]): Promise<void> {
    await this.device.end('SIGKILL');
    const { hellos } = this.plane;
    this.device.startWithin(environment, ...args);
    await eventually(() => this.plane.hellos > hellos, WITHIN);
  }

  /** Another folder that is the same device. */
  copied(folder: string): TestDevice {
    const device = TestDevice.on(folder, this.device);
    this.#others.push(device);
    return device;
  }

  mountReadOnly(): void {
    const { folder } = this.device;
    execFileSync('mount', ['--bind', folder, folder]);
    this.#mounts.push(folder);
    execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
  }

  unmount(): void {
    const folder = this.#mounts.pop();
    if (folder !== undefined) {
      execFileSync('umount', ['-l', folder]);
    }
  }

  async facts(): Promise<Facts> {
    const last = this.plane.last;
    const kept = await readFile(this.file('data', 'recipe.txt'), 'utf8').catch(() => '');
    return {
      flows: await this.device.get('/hello'),
      state: last?.state ?? 'silent',
      snapshot: last?.snapshotId ?? null,
      givenUp: last?.failedSnapshotId ?? null,
      userData: kept === USER_TEXT ? 'kept' : 'lost',
      runtimes: this.#watch.mostRuntimes,
      gap: this.#watch.gap,
      reason: last?.reason ?? null,
    };
  }

  async dispose(): Promise<void> {
    await this.#watch.stop();
    for (const device of this.#others) {
      await device.dispose();
    }
    await this.device.end('SIGKILL');
    await this.device.endNodeRed();
    while (this.#mounts.length > 0) {
      this.unmount();
    }
    await this.at.dispose();
    await this.registry.stop();
    await rm(`${this.device.folder}-copies`, { recursive: true, force: true });
  }
}

import type { LaunchPlan } from '@flowyard/launcher';
import type { InstanceTarget } from '../driver.ts';
import type { HostedInstanceContext } from './instance-context.ts';
import { bindingOf, planLaunch } from './launch.ts';
import { installModules, missingModules, writeNpmrc } from './palette.ts';

/** npm counts faster than anybody reads. */
const SAY_EVERY_MS = 1000;

/** Gets an instance ready to be started: its modules, and how to start it. */
export class InstanceLaunch {
  readonly #context: HostedInstanceContext;
  readonly #onStep: () => void;
  #step: string | null = null;
  /** What could not be installed, and why. */
  #failure: { modules: string; problem: string } | null = null;
  #installing: { modules: string; abort: AbortController } | null = null;
  #paletteChanged = false;

  constructor(context: HostedInstanceContext, onStep: () => void) {
    this.#context = context;
    this.#onStep = onStep;
  }

  /** What is done now, for people. */
  get step(): string | null {
    return this.#step;
  }

  /** Why modules are missing although they were to be installed. */
  get problem(): string | null {
    return this.#failure?.problem ?? null;
  }

  /** Whether a start would install something. What could not be installed is not tried again without being asked. */
  lacksModules(folder: string | null, target: InstanceTarget): boolean {
    return this.#failure?.modules !== keyOf(target) && this.#missing(folder, target).length > 0;
  }

  /** Modules were installed since the process started; it does not know them. */
  get paletteChanged(): boolean {
    return this.#paletteChanged;
  }

  /** Installs what is missing while the process goes on; `onDone` when that is over, however it ended. */
  installAhead(folder: string, target: InstanceTarget, onDone: () => void): void {
    if (this.#installing) {
      return;
    }
    const abort = new AbortController();
    this.#installing = { modules: keyOf(target), abort };
    void this.#installMissing(folder, target, abort.signal)
      .then((installed) => {
        this.#paletteChanged ||= installed;
      })
      .catch(() => {
        // Given up, because it is not wanted any more.
      })
      .finally(() => {
        this.#installing = null;
        onDone();
      });
  }

  /** Gives up an installation that the target does not want any more. */
  giveUpUnwanted(target: InstanceTarget | null): void {
    const isWanted = target?.desired === 'running' && this.#installing?.modules === keyOf(target);
    if (!isWanted) {
      this.#installing?.abort.abort();
    }
  }

  /** Installs what is missing, and says what to start. */
  async prepare(folder: string, target: InstanceTarget, signal: AbortSignal): Promise<LaunchPlan> {
    this.#failure = null;
    await writeNpmrc(this.#context.folders.path(folder), target.settings['palette.npmrc']);
    await this.#installMissing(folder, target, signal);
    this.#paletteChanged = false;
    const { surroundings, folders } = this.#context;
    return planLaunch(
      {
        folder: folders.path(folder),
        stack: target.stack,
        memoryMb: target.memoryMb,
        token: target.runtimeToken,
        binding: bindingOf(target, surroundings.controlUrl()),
        leaveOut: target.leaveOut,
      },
      surroundings,
    );
  }

  #missing(folder: string | null, target: InstanceTarget): string[] {
    return folder === null
      ? Object.keys(target.modules)
      : missingModules(this.#context.folders.path(folder), target.modules);
  }

  #say(step: string): void {
    this.#step = step;
    this.#onStep();
  }

  /** When that fails Node-RED is started all the same: its editor is where a person can put it right. */
  async #installMissing(folder: string, target: InstanceTarget, signal: AbortSignal): Promise<boolean> {
    const missing = this.#missing(folder, target);
    if (missing.length === 0) {
      return false;
    }
    const step = `installing ${missing.join(', ')}`;
    this.#say(step);
    let saidAt = performance.now();
    const onLookUp = (packages: number) => {
      if (performance.now() - saidAt >= SAY_EVERY_MS) {
        saidAt = performance.now();
        this.#say(`${step} (${packages} packages)`);
      }
    };
    try {
      await installModules(this.#context.folders.path(folder), target.modules, signal, onLookUp);
      this.#failure = null;
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      const problem = `Modules could not be installed: ${missing.join(', ')}. ${message}`;
      this.#failure = { modules: keyOf(target), problem };
      this.#context.logger.warn(
        { instanceId: target.instanceId, missing, err: error },
        'modules not installed',
      );
      return false;
    } finally {
      this.#step = null;
    }
  }
}

function keyOf({ modules }: InstanceTarget): string {
  return JSON.stringify(Object.entries(modules).sort());
}

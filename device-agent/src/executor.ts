import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { FAILED, GO_BACK, LAUNCH, type Launch, PREVIOUS, RESTARTS, TRIAL } from './agent-journal.ts';
import type { Phase } from './describe-current.ts';
import type { Workspace } from './developer/workspace.ts';
import type { EmergencyEditor } from './emergency/emergency-editor.ts';
import { SNAPSHOT_VARIABLE } from './environment.ts';
import { replaceLink } from './files/atomic-file.ts';
import { diskFault, requireSpace } from './files/disk.ts';
import type { Journal } from './files/journal.ts';
import { passGates } from './health-gates.ts';
import { GateError, type NodeRedRunner } from './node-red-runner.ts';
import type { DevicePaths } from './paths.ts';
import type { Step } from './plan-steps.ts';
import type { Release, TargetSnapshot } from './release/release.ts';
import { FLOWS_FILE, linkedReleaseId, readRelease } from './release/release.ts';
import type { ReleaseBuilder } from './release/release-builder.ts';
import type { Store } from './release/store.ts';
import { tidyReleases } from './release/tidy-releases.ts';
import type { Surroundings } from './surroundings.ts';
import type { TrialOptions } from './trial-options.ts';

export interface ExecutorOptions {
  paths: DevicePaths;
  journal: Journal;
  store: Store;
  builder: ReleaseBuilder;
  workspace: Workspace;
  runner: NodeRedRunner;
  emergency: Pick<EmergencyEditor, 'forget'>;
  /** False when the store belongs to others as well. */
  ownsStore: boolean;
  /** How a release is tried now. */
  trial: () => TrialOptions;
  onPhase: (phase: Phase) => void;
}

/** What may interrupt steps. A newer target does so only while nothing of what runs is changed yet. */
export interface Interruptions {
  newerTarget: AbortSignal;
  /** The agent ends. */
  end: AbortSignal;
}

/** A release cannot be had or is not good, and trying the same again would change nothing. */
export class ReleaseError extends Error {
  override name = 'ReleaseError';
}

const LINES_WITH_FAILURE = 20;
/** What a start needs at least: its log, its lock, and a little for its flows. */
const TRIAL_MB = 2;
/** A release during which the power went away so often is suspected of being the cause. */
export const MAX_TRIALS = 3;

/** Does the steps of the planner. Each may be interrupted at any point and done again. */
export class Executor {
  readonly #options: ExecutorOptions;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  async run(step: Step, { newerTarget, end }: Interruptions): Promise<void> {
    const { builder } = this.#options;
    const signal = AbortSignal.any([newerTarget, end]);
    switch (step.type) {
      case 'install-node-red':
        return builder.installNodeRed(step.snapshot, signal);
      case 'install-modules':
        return builder.installModules(step.snapshot, this.#options.trial().allowScripts, signal);
      case 'prepare-release':
        return builder.prepare(step.snapshot, signal);
      case 'try-release':
        return this.#try(step, end);
      case 'start':
        return this.#start(await this.#release(step.releaseId), step.surroundings);
      case 'prepare-workspace':
        return this.#options.workspace.prepare(step.base);
      case 'start-workspace':
        return this.#startWorkspace(step.surroundings);
      case 'set-workspace-aside':
        return this.#options.workspace.setAside();
      case 'end-emergency':
        await this.#options.workspace.setAside();
        return this.#options.emergency.forget();
      case 'return':
        return this.#return(step);
      case 'stop':
        return this.#options.runner.stop();
      case 'note-restarts':
        return this.#options.journal.write(RESTARTS, { done: step.restarts });
      case 'wait':
        // What waits is the loop of the agent, which can be woken.
        return;
    }
  }

  /** Remembers that a release is not to be tried again, and why. */
  async giveUp(
    step: { releaseId: string; snapshot: TargetSnapshot; retries: number },
    reason: string,
  ): Promise<void> {
    const { journal } = this.#options;
    const { releaseId, snapshot, retries } = step;
    await journal.write(FAILED, { releaseId, snapshotId: snapshot.id, retries, reason });
    await journal.remove(TRIAL);
  }

  async #try(step: Extract<Step, { type: 'try-release' }>, end: AbortSignal): Promise<void> {
    const { journal, onPhase } = this.#options;
    const { releaseId, snapshot } = step;
    const before = await journal.read(TRIAL);
    const attempts = before?.releaseId === releaseId ? before.attempts + 1 : 1;
    if (attempts > MAX_TRIALS) {
      await this.giveUp(step, 'Agent or power went away three times while this snapshot was on trial.');
      throw new ReleaseError('tried too often');
    }
    const release = await this.#release(releaseId);
    // What runs is not stopped for what could not be started.
    await requireSpace(this.#options.paths.folder, TRIAL_MB, `to try snapshot "${snapshot.name}"`);
    await journal.write(TRIAL, { releaseId, snapshotId: snapshot.id, attempts });
    onPhase({ step: `starting snapshot "${snapshot.name}"`, progress: null });
    try {
      await this.#switchTo(release, step);
      const trial = { ...this.#options.trial(), signal: end };
      await passGates(() => this.#options.runner.view(), trial);
    } catch (error) {
      if (end.aborted) {
        // Asked to end in good order: that says nothing against the release.
        await journal.remove(TRIAL);
        throw error;
      }
      await this.#reject(step, error);
    }
    await this.#commit(release);
  }

  async #switchTo(release: Release, step: Extract<Step, { type: 'try-release' }>): Promise<void> {
    const { runner } = this.#options;
    const isStart = step.how === 'start' || (await this.#asksForSnapshot(release));
    if (isStart) {
      await runner.stop();
    }
    if (step.restarts !== null) {
      await this.#options.journal.write(RESTARTS, { done: step.restarts });
    }
    if (isStart) {
      await this.#start(release, step.surroundings);
      return;
    }
    const { launch } = runner;
    if (launch === null) {
      throw new GateError('It is not known what runs.');
    }
    const next: Launch = { ...launch, releaseId: release.id, revision: (launch.revision ?? 0) + 1 };
    await this.#options.journal.write(LAUNCH, next);
    await runner.reload(release, next);
  }

  /** The environment of a process that runs cannot change, so flows that look at it must be started with theirs. */
  async #asksForSnapshot(release: Release): Promise<boolean> {
    const flows = await readFile(path.join(this.#options.paths.releases, release.id, FLOWS_FILE), 'utf8');
    return flows.includes(SNAPSHOT_VARIABLE);
  }

  async #reject(step: Extract<Step, { type: 'try-release' }>, error: unknown): Promise<never> {
    const { runner, journal, builder } = this.#options;
    const { snapshot } = step;
    const message = error instanceof Error ? error.message : String(error);
    if (message.includes('EADDRINUSE')) {
      // That is the fault of another program, not of the release.
      await journal.remove(TRIAL);
      await runner.stop();
      throw new Error('The port of Node-RED is used by another program on this device.');
    }
    if (diskFault(error) !== null) {
      await journal.remove(TRIAL);
      await runner.stop();
      throw error;
    }
    const damage = await builder.inspect(snapshot);
    if (damage.length > 0) {
      // It was not the release that failed, but the disk or somebody who deleted files.
      await journal.remove(TRIAL);
      await runner.stop();
      throw new ReleaseError(`Damaged on disk: ${damage.join(', ')}. It is installed again.`);
    }
    await this.giveUp(step, await this.#withLog(message));
    await runner.stop();
    throw new ReleaseError(message);
  }

  /** Adds the end of Node-RED's log, unless the launcher put it there already. */
  async #withLog(message: string): Promise<string> {
    if (message.includes('\n')) {
      return message;
    }
    const lines = await this.#options.runner.lastLines(LINES_WITH_FAILURE);
    const log = lines.map(({ level, text }) => `[${level}] ${text}`).join('\n');
    return log === '' ? message : `${message}\n\nThe last lines of its log:\n${log}`;
  }

  /** Puts a release that was found good, and is not, into quarantine. It is forgotten what was good before the other. */
  async #return({ from, to, retries, why }: Extract<Step, { type: 'return' }>): Promise<void> {
    const { paths, journal, runner } = this.#options;
    const crash = runner.view()?.reason ?? 'It crashed again and again.';
    const reason =
      why === 'asked'
        ? 'Somebody at the machine rolled it back.'
        : await this.#withLog(`It was found good and crashed later, again and again. ${crash}`);
    await this.giveUp({ releaseId: from.id, snapshot: from.snapshot, retries }, reason);
    await replaceLink(paths.current, path.join('releases', to.id));
    await journal.remove(PREVIOUS);
    await journal.remove(GO_BACK);
  }

  async #commit(release: Release): Promise<void> {
    const { paths, journal, store, ownsStore } = this.#options;
    const previous = await linkedReleaseId(paths.current);
    if (previous !== null && previous !== release.id) {
      await journal.write(PREVIOUS, { releaseId: previous });
    }
    await replaceLink(paths.current, path.join('releases', release.id));
    await journal.remove(TRIAL);
    await journal.remove(FAILED);
    await journal.remove(GO_BACK);
    const { launch } = this.#options.runner;
    const kept = new Set([release.id, previous, launch?.startedWith].filter((id) => typeof id === 'string'));
    const used = await tidyReleases(paths.releases, kept);
    if (ownsStore) {
      await store.tidy(used);
    }
  }

  async #start(release: Release, surroundings: Surroundings): Promise<void> {
    const { journal, runner, paths } = this.#options;
    await mkdir(paths.data, { recursive: true });
    const last = await journal.read(LAUNCH);
    const launch: Launch = {
      generation: (last?.generation ?? 0) + 1,
      releaseId: release.id,
      revision: null,
      startedWith: release.id,
      surroundings,
    };
    await journal.write(LAUNCH, launch);
    await runner.start(release, launch);
  }

  async #startWorkspace(surroundings: Surroundings): Promise<void> {
    const workspace = await this.#options.workspace.read();
    if (workspace === null) {
      throw new ReleaseError('What is edited on this device is damaged on disk.');
    }
    await this.#start(workspace, surroundings);
  }

  async #release(id: string): Promise<Release> {
    const release = await readRelease(path.join(this.#options.paths.releases, id));
    if (release === null) {
      throw new ReleaseError(`The release ${id} is damaged on disk.`);
    }
    return release;
  }
}

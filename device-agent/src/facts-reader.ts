import path from 'node:path';
import type { DeviceTarget } from '@flowyard/protocol';
import { FAILED, GO_BACK, LAUNCH, type Launch, PREVIOUS, RESTARTS } from './agent-journal.ts';
import { type DeveloperFacts, NO_DEVELOPER } from './developer/plan-developer.ts';
import { WORKSPACE, type Workspace } from './developer/workspace.ts';
import type { EmergencyEditor } from './emergency/emergency-editor.ts';
import { type EmergencyFacts, isEmergency } from './emergency/plan-emergency.ts';
import type { Journal } from './files/journal.ts';
import type { NodeRedRunner } from './node-red-runner.ts';
import type { DevicePaths } from './paths.ts';
import { type DeviceFacts, isWhole, type KnownRelease, type Readiness, standIn } from './plan-steps.ts';
import { linkedReleaseId, type Release, readReleaseFile, releaseIdOf } from './release/release.ts';
import type { ReleaseBuilder } from './release/release-builder.ts';

export interface FactsReaderOptions {
  paths: DevicePaths;
  journal: Journal;
  builder: ReleaseBuilder;
  workspace: Workspace;
  runner: NodeRedRunner;
  emergency: Pick<EmergencyEditor, 'facts'>;
  /** Whether the modules of the target may have run their install scripts. */
  allowScripts: () => boolean;
}

const NOTHING: Readiness = { release: false, nodeRed: false, modules: false };

/** Finds out what is true of the device, from its disk and from what runs. */
export class FactsReader {
  readonly #options: FactsReaderOptions;

  constructor(options: FactsReaderOptions) {
    this.#options = options;
  }

  async read(target: DeviceTarget | null): Promise<DeviceFacts> {
    const { journal, builder, allowScripts } = this.#options;
    const committed = await this.committed(target);
    const committedReady = committed === null ? NOTHING : await builder.ready(committed.snapshot, false);
    const running = this.#running();
    // It is looked at only when it may be needed: that takes a while.
    const goBack = (await journal.read(GO_BACK))?.releaseId;
    const isUnwanted = committed !== null && goBack === committed.id;
    const needsBefore = !isWhole(committedReady) || running?.isBroken === true || isUnwanted;
    const before = needsBefore ? await this.before(committed) : null;
    const { facts: emergency } = this.#options.emergency;
    // What runs while the committed release is damaged is what people can edit.
    const toEdit = standIn({ committed, committedReady, before }) ?? committed;
    return {
      committed,
      committedReady,
      before,
      isUnwanted,
      running,
      hold: this.#options.runner.view()?.flow.hold ?? null,
      launchedWith: (this.#options.runner.launch ?? (await journal.read(LAUNCH)))?.surroundings ?? null,
      failed: await journal.read(FAILED),
      restartsDone: (await journal.read(RESTARTS))?.done ?? null,
      developer: await this.#developer(target, toEdit, emergency),
      emergency,
      ready: target?.snapshot ? await builder.ready(target.snapshot, allowScripts()) : NOTHING,
    };
  }

  /** The release that was found good. When its own file is damaged, the target may still know what it is. */
  async committed(target: DeviceTarget | null): Promise<Release | null> {
    const { paths, builder } = this.#options;
    const id = await linkedReleaseId(paths.current);
    if (id === null) {
      return null;
    }
    const written = await readReleaseFile(path.join(paths.releases, id));
    const wanted = target?.snapshot ?? null;
    return written ?? (wanted !== null && releaseIdOf(wanted) === id ? builder.releaseOf(wanted) : null);
  }

  /** What a launch was about: what was found good, or what people edit; null when it was neither. */
  async launched(launch: Launch, target: DeviceTarget | null): Promise<Release | null> {
    const isWorkspace = launch.releaseId === WORKSPACE;
    const known = isWorkspace ? await this.#options.workspace.read() : await this.committed(target);
    return known?.id === launch.releaseId ? known : null;
  }

  async #developer(
    target: DeviceTarget | null,
    toEdit: KnownRelease | null,
    emergency: EmergencyFacts | null,
  ): Promise<DeveloperFacts> {
    const { workspace, builder } = this.#options;
    const open = await workspace.read();
    if (target?.mode !== 'developer' && !isEmergency(emergency, target)) {
      return { ...NO_DEVELOPER, hasWorkspace: open !== null };
    }
    const base = open?.snapshot ?? workspace.baseFor(target, toEdit?.snapshot ?? null);
    return {
      hasWorkspace: open !== null,
      base,
      ready: base === null ? NOTHING : await builder.ready(base, false),
    };
  }

  /** The release that was found good before, if all of it is there. */
  async before(committed: KnownRelease | null): Promise<KnownRelease | null> {
    const { paths, journal, builder } = this.#options;
    const id = (await journal.read(PREVIOUS))?.releaseId;
    if (id === undefined || id === committed?.id) {
      return null;
    }
    const release = await readReleaseFile(path.join(paths.releases, id));
    return release !== null && isWhole(await builder.ready(release.snapshot, false)) ? release : null;
  }

  #running(): DeviceFacts['running'] {
    const { launch } = this.#options.runner;
    const view = this.#options.runner.view();
    return view === null || launch === null
      ? null
      : { releaseId: launch.releaseId, isHealthy: view.state === 'running', isBroken: view.isBroken };
  }
}

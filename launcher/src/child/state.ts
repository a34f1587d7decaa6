import type { EventEmitter } from 'node:events';
import type { RuntimeState } from '@flowyard/protocol';

export interface ReportedState {
  state: RuntimeState;
  reason: string | null;
  flowsRevision: number | null;
  step: string | null;
}

interface RuntimeEvent {
  id: string;
  payload?: {
    state?: string;
    error?: string;
    types?: string[];
    modules?: Array<{ module: string; error?: string }>;
  };
}

interface StateWatchOptions {
  initial: RuntimeState;
  safeModeReason: string | null;
  /** Why flows are left out; null while none are. */
  limpReason: () => string | null;
  revision: () => number | null;
  changed: () => void;
}

/**
 * What Node-RED says of itself, by its own events.
 *
 *   pooled ──claim──▶ starting ──flows:started──▶ running ◀──deploy──┐
 *                        ├──safe mode────────────▶ safe ─────────────┤
 *                        └──missing, undecryptable, left out ─▶ error ┘
 */
export class StateWatch {
  #current: ReportedState;
  #credentialsLost = false;
  readonly #safeModeReason: string | null;
  readonly #limpReason: () => string | null;
  readonly #changed: () => void;
  readonly #revision: () => number | null;

  constructor(options: StateWatchOptions) {
    this.#current = { state: options.initial, reason: null, flowsRevision: null, step: null };
    this.#safeModeReason = options.safeModeReason;
    this.#revision = options.revision;
    this.#limpReason = options.limpReason;
    this.#changed = options.changed;
  }

  get current(): ReportedState {
    return this.#current;
  }

  listen(events: EventEmitter): void {
    events.on('flows:started', () => this.#flowsStarted());
    events.on('runtime-event', (event: RuntimeEvent) => this.#runtimeEvent(event));
  }

  set(change: Partial<ReportedState>): void {
    this.#current = { ...this.#current, ...change };
    this.#changed();
  }

  #flowsStarted(): void {
    const started = { flowsRevision: this.#revision(), step: null };
    if (this.#credentialsLost) {
      // Node-RED runs the flows without their credentials and calls that started.
      this.#credentialsLost = false;
      this.set({
        ...started,
        state: 'error',
        reason:
          'The credentials of the flows cannot be decrypted, so the flows run without them. ' +
          'Enter them again in the editor and deploy, or roll back to a snapshot that has them.',
      });
      return;
    }
    const limping = this.#limpReason();
    this.set({ ...started, state: limping === null ? 'running' : 'error', reason: limping });
  }

  #runtimeEvent({ id, payload }: RuntimeEvent): void {
    if (id !== 'runtime-state' || !payload) {
      return;
    }
    const stopped = { flowsRevision: null, step: null };
    switch (payload.error) {
      case 'credentials_load_failed':
        this.#credentialsLost = true;
        break;
      case 'missing-types':
        this.set({ ...stopped, state: 'error', reason: missingTypes(payload.types ?? []) });
        break;
      case 'missing-modules':
        this.set({ ...stopped, state: 'error', reason: missingModules(payload.modules ?? []) });
        break;
      case 'safe-mode':
        this.set({ ...stopped, state: 'safe', reason: this.#safeModeReason });
        break;
    }
  }
}

function missingTypes(types: string[]): string {
  return (
    `The flows use node types that are not installed: ${types.join(', ')}. ` +
    'Install their modules in the editor (Manage palette) or remove the nodes, then deploy.'
  );
}

function missingModules(modules: Array<{ module: string; error?: string }>): string {
  const names = modules.map(({ module, error }) => (error ? `${module} (${error})` : module));
  return `Modules that function nodes use could not be installed: ${names.join(', ')}.`;
}

import { type FlowState, NO_FLOW_STATE, type ToldFlowState } from '@flowyard/protocol';

/** A process ends a hold itself; one that forgets to is not believed for longer than this. */
const GRACE_MS = 5000;
/** The end of a hold is told as a time that is left: what differs by less is the same end. */
const SAME_END_MS = 2000;

/** What the flows of one process say, as it was last told. A hold ends by itself, whatever the process does. */
export class KnownFlowState {
  readonly #ended: () => void;
  #state: FlowState = NO_FLOW_STATE;
  #end: NodeJS.Timeout | undefined;

  /** @param ended called when a hold ended without being told */
  constructor(ended: () => void) {
    this.#ended = ended;
  }

  get state(): FlowState {
    return this.#state;
  }

  /** Undefined: they say nothing, or there is no process. */
  told(told: ToldFlowState | undefined): void {
    clearTimeout(this.#end);
    if (told === undefined) {
      this.#state = NO_FLOW_STATE;
      return;
    }
    const { unwell, unproven, hold } = told;
    this.#state = { unwell, unproven, hold: hold && this.#hold(hold) };
    if (hold !== null) {
      this.#end = setTimeout(() => this.#drop(), hold.forMs + GRACE_MS);
      this.#end.unref();
    }
  }

  #hold({ reason, forMs }: NonNullable<ToldFlowState['hold']>): NonNullable<FlowState['hold']> {
    const until = Date.now() + forMs;
    const known = this.#state.hold;
    const isSame = known?.reason === reason && Math.abs(Date.parse(known.until) - until) < SAME_END_MS;
    return isSame ? known : { reason, until: new Date(until).toISOString() };
  }

  #drop(): void {
    this.#state = { ...this.#state, hold: null };
    this.#ended();
  }
}

/** Looks at things by their id, and at each by one look at a time: what is asked for during a look follows it. */
export class OneAtATime {
  readonly #look: (id: string) => Promise<void>;
  readonly #onError: (error: unknown, id: string) => void;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  #stopped = false;

  constructor(look: (id: string) => Promise<void>, onError: (error: unknown, id: string) => void) {
    this.#look = look;
    this.#onError = onError;
  }

  start(id: string): void {
    if (this.#stopped) {
      return;
    }
    if (this.#busy.has(id)) {
      this.#again.add(id);
      return;
    }
    const work = this.#look(id)
      .catch((error: unknown) => this.#onError(error, id))
      .finally(() => {
        this.#busy.delete(id);
        if (this.#again.delete(id)) {
          this.start(id);
        }
      });
    this.#busy.set(id, work);
  }

  /** Starts nothing more, and resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#busy.values());
  }
}

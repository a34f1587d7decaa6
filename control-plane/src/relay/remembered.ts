interface Entry<V> {
  value: V;
  until: number;
}

/**
 * Values that are asked for again and again, kept for a moment. Whoever changes one says so with `forget` or
 * `clear`, which holds at once in this process; the time limit is for what other processes change.
 */
export class Remembered<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #keepMs: number;
  readonly #maxEntries: number;
  #changes = 0;

  constructor(options: { keepMs: number; maxEntries: number }) {
    this.#keepMs = options.keepMs;
    this.#maxEntries = options.maxEntries;
  }

  /** The remembered value, or the loaded one; null is not remembered. */
  async read(key: string, load: () => Promise<V | null>): Promise<V | null> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.until > Date.now()) {
      return known.value;
    }
    const before = this.#changes;
    const value = await load();
    // What was read while something changed may be what it was before.
    if (value !== null && before === this.#changes) {
      if (this.#entries.size >= this.#maxEntries) {
        this.#entries.clear();
      }
      this.#entries.set(key, { value, until: Date.now() + this.#keepMs });
    }
    return value;
  }

  forget(key: string): void {
    this.#changes++;
    this.#entries.delete(key);
  }

  clear(): void {
    this.#changes++;
    this.#entries.clear();
  }
}

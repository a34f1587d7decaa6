/** A stream that rests: nothing is sent until somebody says so, or the time is over. */
export class Pause {
  readonly #onOver: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /** Rests for between half and all of that time, so that not all ask again at once. */
  begin(mostMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.over(), mostMs / 2 + (mostMs / 2) * Math.random()).unref();
  }

  over(): void {
    this.end();
    this.#onOver();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

interface Waiting<T, R> {
  item: T;
  resolve: (result: R) => void;
  reject: (error: unknown) => void;
}

const MOST = 1000;

/**
 * Does the work of many at once: what comes while a batch is under way waits for the next one. When a batch fails,
 * each of it is done alone, so that one that cannot be done holds up no other.
 */
export class Together<T, R> {
  readonly #work: (items: T[]) => Promise<R[]>;
  readonly #everyMs: number;
  readonly #enough: number;
  readonly #burst: number;
  /** When the next batch may begin although few wait. */
  #dueAt = Number.NEGATIVE_INFINITY;
  #waiting: Waiting<T, R>[] = [];
  #isRunning = false;
  /** Ends the wait for the next batch. */
  #beginNow = () => {};

  /**
   * `work` answers each of the items, in their order. What comes after a pause is done at once; then batches begin
   * `everyMs` apart, so that a steady stream does not cost a batch for each item, or when `enough` of them wait. After
   * `burst` at once the next ones do not wait: they are the last of the same burst.
   */
  constructor(
    work: (items: T[]) => Promise<R[]>,
    {
      everyMs = 0,
      enough = Number.POSITIVE_INFINITY,
      burst = enough,
    }: { everyMs?: number; enough?: number; burst?: number } = {},
  ) {
    this.#work = work;
    this.#everyMs = everyMs;
    this.#enough = enough;
    this.#burst = burst;
  }

  do(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length >= this.#enough) {
        this.#beginNow();
      }
      if (!this.#isRunning) {
        this.#isRunning = true;
        void this.#run();
      }
    });
  }

  async #run(): Promise<void> {
    // Whatever else has arrived already comes along.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      await this.#untilDue();
      const batch = this.#waiting.splice(0, MOST);
      const isBurst = batch.length >= this.#burst;
      this.#dueAt = isBurst ? Number.NEGATIVE_INFINITY : performance.now() + this.#everyMs;
      try {
        await this.#answer(batch);
      } catch (error) {
        await this.#eachAlone(batch, error);
      }
    }
    // At once: what comes from here on has to begin a run of its own.
    this.#isRunning = false;
  }

  async #untilDue(): Promise<void> {
    const leftMs = this.#dueAt - performance.now();
    if (leftMs > 0 && this.#waiting.length < this.#enough) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#beginNow = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #answer(batch: Waiting<T, R>[]): Promise<void> {
    const results = await this.#work(batch.map(({ item }) => item));
    batch.forEach(({ resolve }, index) => {
      resolve(results[index] as R);
    });
  }

  async #eachAlone(batch: Waiting<T, R>[], error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      only.reject(error);
      return;
    }
    for (const each of batch) {
      await this.#answer([each]).catch(each.reject);
    }
  }
}

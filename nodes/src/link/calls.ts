import type { LinkRuntime } from '@flowyard/protocol';

/** What came back from one runtime. */
export interface Answer {
  from: LinkRuntime;
  message: Record<string, unknown>;
}

export interface CallResult {
  answers: Answer[];
  /** Who was asked and did not answer in time. */
  silent: LinkRuntime[];
  /** Who could not be asked, being away. */
  away: LinkRuntime[];
}

/** The call could not be made or was not answered; the code is for programs. */
export class CallError extends Error {
  override name = 'CallError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Open {
  /** Whether all who were reached are waited for, or the first answer is enough. */
  all: boolean;
  reached: LinkRuntime[] | null;
  away: LinkRuntime[];
  answers: Answer[];
  timer: NodeJS.Timeout;
  resolve: (result: CallResult) => void;
  reject: (error: CallError) => void;
}

const MOST_OPEN = 10_000;

/** The calls that wait for their answers. */
export class Calls {
  readonly #open = new Map<string, Open>();

  /** How many wait. */
  get size(): number {
    return this.#open.size;
  }

  /** Resolves with the first answer, or with all that came in time; rejects when there is none. */
  begin(id: string, options: { timeoutMs: number; all: boolean }): Promise<CallResult> {
    if (this.#open.size >= MOST_OPEN) {
      throw new CallError('too_many', `More than ${MOST_OPEN} calls wait for their answers.`);
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#timeIsOver(id), options.timeoutMs);
      this.#open.set(id, { all: options.all, reached: null, away: [], answers: [], timer, resolve, reject });
    });
  }

  reached(id: string, reached: LinkRuntime[], away: LinkRuntime[]): void {
    const call = this.#open.get(id);
    if (call !== undefined) {
      Object.assign(call, { reached, away });
      this.#endWhenComplete(id, call);
    }
  }

  answered(id: string, answer: Answer): void {
    const call = this.#open.get(id);
    if (call !== undefined && !call.answers.some(({ from }) => isSame(from, answer.from))) {
      call.answers.push(answer);
      this.#endWhenComplete(id, call);
    }
  }

  fail(id: string, error: CallError): void {
    this.#end(id)?.reject(error);
  }

  /** Calls do not wait for a connection: what was asked may or may not have arrived. */
  failAll(error: CallError): void {
    for (const id of [...this.#open.keys()]) {
      this.fail(id, error);
    }
  }

  #endWhenComplete(id: string, { all, reached, answers }: Open): void {
    const isComplete = all ? reached !== null && answers.length >= reached.length : answers.length > 0;
    if (isComplete) {
      this.#finish(id);
    }
  }

  #timeIsOver(id: string): void {
    if ((this.#open.get(id)?.answers.length ?? 0) > 0) {
      this.#finish(id);
    } else {
      this.fail(id, new CallError('timeout', 'No answer came in time.'));
    }
  }

  #finish(id: string): void {
    const call = this.#end(id);
    if (call !== undefined) {
      const { answers, away, reached } = call;
      const silent = (reached ?? []).filter((one) => !answers.some(({ from }) => isSame(from, one)));
      call.resolve({ answers, silent: call.all ? silent : [], away });
    }
  }

  #end(id: string): Open | undefined {
    const call = this.#open.get(id);
    clearTimeout(call?.timer);
    this.#open.delete(id);
    return call;
  }
}

function isSame(one: LinkRuntime, other: LinkRuntime): boolean {
  return one.kind === other.kind && one.id === other.id;
}

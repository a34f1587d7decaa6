import { randomUUID } from 'node:crypto';
import type { LinkAddress, LinkRequest, LinkRuntime } from '@flowyard/protocol';
import { CallError } from './calls';
import { type Outbox, type Outgoing, RefusedError } from './queue/outbox';

interface Options {
  outboxTo: (address: LinkAddress) => Pick<Outbox, 'give' | 'taken' | 'notTaken' | 'refused'>;
  send: (request: LinkRequest) => void;
  warn: (text: string) => void;
}

interface Given {
  number: number;
  members: Set<string>;
  /** Those of whom the log says already that it could not be kept for them. */
  told: Set<string>;
}

const ANSWER_MS = 15_000;

/**
 * Hands the messages to a group on to its members, one message at a time: who is in the group is asked when it leaves,
 * and it is kept for each of them.
 */
export class GroupSender {
  readonly #options: Options;
  readonly #asked = new Map<string, (answer: LinkRuntime[] | CallError) => void>();
  /** By stream, of the message that is being handed on: the members that have it, for when it is tried again. */
  readonly #given = new Map<string, Given>();

  constructor(options: Options) {
    this.#options = options;
  }

  async send({ to, stream, entries }: Outgoing): Promise<void> {
    const [{ number, body, until }] = entries as [Outgoing['entries'][number]];
    const group = this.#options.outboxTo(to);
    let members: LinkRuntime[];
    try {
      members = await this.#membersOf(to);
    } catch (error) {
      if (error instanceof CallError && error.code === 'away') {
        group.notTaken(number, 'busy', null);
      } else {
        group.refused((error as Error).message);
      }
      return;
    }
    const known = this.#given.get(stream);
    const given: Given = known?.number === number ? known : { number, members: new Set(), told: new Set() };
    this.#given.set(stream, given);
    const missing = members.filter(({ id }) => !given.members.has(id));
    await Promise.all(missing.map((member) => this.#give(member, to.link, { body, until }, given)));
    if (members.every(({ id }) => given.members.has(id))) {
      this.#given.delete(stream);
      group.taken(number);
    } else {
      group.notTaken(number, 'busy', null);
    }
  }

  /** What the control plane answered when it was asked for the members. */
  answered(id: string, answer: LinkRuntime[] | CallError): void {
    this.#asked.get(id)?.(answer);
  }

  disconnected(): void {
    for (const settle of this.#asked.values()) {
      settle(new CallError('away', 'The connection was lost.'));
    }
  }

  /** Notes who has it. Whom nothing can be sent to any more is not waited for. */
  async #give(
    { kind, id, name }: LinkRuntime,
    link: string,
    { body, until }: Pick<Outgoing['entries'][number], 'body' | 'until'>,
    given: Given,
  ): Promise<void> {
    // At once, in case the message is tried again meanwhile.
    given.members.add(id);
    try {
      await this.#options.outboxTo({ place: kind, name: id, link }).give(body, { confirm: 'kept', until });
    } catch (error) {
      const { message } = error as Error;
      if (!given.told.has(id)) {
        given.told.add(id);
        this.#options.warn(`A message to a group could not be kept for ${name}: ${message}`);
      }
      if (!(error instanceof RefusedError)) {
        given.members.delete(id);
      }
    }
  }

  #membersOf(to: LinkAddress): Promise<LinkRuntime[]> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const settle = (answer: LinkRuntime[] | CallError) => {
        clearTimeout(timer);
        this.#asked.delete(id);
        if (answer instanceof CallError) {
          reject(answer);
        } else {
          resolve(answer);
        }
      };
      const timer = setTimeout(
        () => settle(new CallError('away', 'The control plane did not say who is in the group.')),
        ANSWER_MS,
      );
      this.#asked.set(id, settle);
      this.#options.send({ type: 'resolve', id, to });
    });
  }
}

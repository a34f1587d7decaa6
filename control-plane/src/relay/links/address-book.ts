import type { LinkAddress } from '@flowyard/protocol';
import type { Access } from '../../access/authorize.ts';
import { AppError, forbidden, notFound } from '../../errors.ts';
import { Remembered } from '../remembered.ts';
import type { Addressed, LinkAddressStore } from './address-store.ts';
import type { LinkActor } from './link-connection.ts';

/** How long a rename, or a move to another application, may go unnoticed. */
const KEEP_MS = 2000;
const MOST_ROUTES = 20_000;

/** Whom an address means, seen from one runtime. */
export interface Route {
  from: Addressed;
  /** One runtime, or the members of a group. */
  to: Addressed[];
}

interface Parts {
  access: Access;
  store: LinkAddressStore;
}

const WORDS: Record<LinkAddress['place'], string> = {
  instance: 'hosted instance',
  device: 'device',
  'device-group': 'device group',
  'any-of': 'device group',
};

/** Says whom the messages of a runtime may go to: what is in its team. */
export class LinkAddressBook {
  readonly #parts: Parts;
  readonly #routes = new Remembered<Route>({ keepMs: KEEP_MS, maxEntries: MOST_ROUTES });

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * The runtimes that an address means.
   * @throws AppError when the sender may not send, or the address means nothing or more than one thing
   */
  async route(actor: LinkActor, { place, name }: LinkAddress): Promise<Route> {
    const key = `${actor.kind} ${actor.id} ${place} ${name}`;
    const route = await this.#routes.read(key, () => this.#find(actor, place, name));
    return route ?? Promise.reject(notFound(WORDS[place]));
  }

  /** The runtime itself, as others see it. @throws AppError when it may not send */
  async self(actor: LinkActor): Promise<Addressed> {
    await this.#parts.access.authorize(toActor(actor), 'message:relay', actor.kind, actor.id);
    return (await this.#parts.store.runtime(actor.kind, actor.id)) ?? Promise.reject(notFound(actor.kind));
  }

  /** What was known of addresses and rights is asked for again. */
  forget(): void {
    this.#routes.clear();
  }

  async #find(actor: LinkActor, place: LinkAddress['place'], name: string): Promise<Route> {
    const { access, store } = this.#parts;
    const { teamId } = await access.authorize(toActor(actor), 'message:relay', actor.kind, actor.id);
    const from = await this.self(actor);
    const found = await store.find(teamId, place, name);
    const [first] = found;
    if (first === undefined) {
      throw notFound(`${WORDS[place]} “${name}”`);
    }
    if (found.length > 1) {
      throw new AppError(
        409,
        'ambiguous',
        `${found.length} ${WORDS[place]}s are called “${name}”. Use the id.`,
      );
    }
    if (place === 'instance' || place === 'device') {
      return { from, to: [first] };
    }
    if (first.applicationId !== from.applicationId) {
      throw forbidden(
        `The device group “${first.name}” is in another application. Send to its devices by name.`,
      );
    }
    return { from, to: await store.members(first.id) };
  }
}

function toActor({ kind, id }: LinkActor) {
  return kind === 'instance' ? { kind, instanceId: id } : { kind, deviceId: id };
}

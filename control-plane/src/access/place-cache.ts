import type { Changes } from '../relay/changes.ts';
import { Remembered } from '../relay/remembered.ts';
import type { PlaceWithRoles, ScopeKind, ScopeStore } from './scope-store.ts';

type PlacesByPerson = Map<string, PlaceWithRoles>;

/** Remembers for a moment where things are and who has which role there. */
export class PlaceCache {
  readonly #scopes: ScopeStore;
  readonly #things = new Remembered<PlacesByPerson>({ keepMs: 2000, maxEntries: 20_000 });

  constructor(scopes: ScopeStore, changes: Changes) {
    this.#scopes = scopes;
    changes.on('access', () => this.#things.clear());
    changes.on('change', ({ kind, id }) => this.#things.forget(`${kind}/${id}`));
  }

  async find(kind: ScopeKind, id: string, userId: string | null): Promise<PlaceWithRoles | null> {
    const places = await this.#things.read(`${kind}/${id}`, async () => new Map());
    const who = userId ?? '';
    const known = places?.get(who);
    if (known !== undefined) {
      return known;
    }
    const place = await this.#scopes.find(kind, id, userId);
    if (place !== null) {
      places?.set(who, place);
    }
    return place;
  }
}

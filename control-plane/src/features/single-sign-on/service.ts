import { randomBytes } from 'node:crypto';
import { DisplayName, Username } from '@flowyard/protocol';
import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { SingleSignOnSettings } from '../../config.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Changes } from '../../relay/changes.ts';
import type { UserService } from '../users/service.ts';
import type { UserRow } from '../users/store.ts';
import { applyGroups, rolesOfGroups } from './groups.ts';
import type { ProvidedPerson } from './provider.ts';

const MAX_USERNAME = 50;

interface Parts {
  db: Database;
  changes: Changes;
  users: UserService;
  settings: SingleSignOnSettings;
}

/** Makes people of the provider people of the platform. */
export class SingleSignOnService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /** The account of whoever signs on, made when there is none, with the roles of their groups. */
  async accountOf(person: ProvidedPerson): Promise<UserRow> {
    // Hashed before the transaction, since it takes a while; nobody knows it.
    const fresh = await this.#parts.users.prepare({
      username: 'new',
      name: nameOf(person),
      email: person.email,
      password: randomBytes(32).toString('base64url'),
    });
    const user = await this.#db.transact(async (tx) => {
      const found = (await this.#findAccount(tx, person)) ?? (await this.#makeAccount(tx, person, fresh));
      if (!found.suspended) {
        await applyGroups(tx, found, rolesOfGroups(this.#parts.settings.groupRoles, person.groups));
      }
      return (await tx.stores.users.find(found.id)) ?? found;
    });
    this.#parts.changes.emit('access', { kind: 'access', userId: user.id });
    return user;
  }

  /** By an earlier link; by the verified address only where an administrator allowed that. */
  async #findAccount(tx: Transaction, person: ProvidedPerson): Promise<UserRow | null> {
    const { singleSignOn, users, platformSettings } = tx.stores;
    const linked = await singleSignOn.findUserId(person.issuer, person.subject);
    if (linked !== null) {
      return users.find(linked);
    }
    const { linkByEmail } = await platformSettings.read();
    if (!linkByEmail || person.email === null || !person.emailVerified) {
      return null;
    }
    const userId = await singleSignOn.findUserIdByEmail(person.email);
    const user = userId === null ? null : await users.find(userId);
    if (user !== null) {
      await this.#link(tx, person, user);
    }
    return user;
  }

  async #makeAccount(tx: Transaction, person: ProvidedPerson, fresh: UserRow): Promise<UserRow> {
    const user = { ...fresh, username: await freeUsername(tx, person) };
    await this.#parts.users.insert(tx, user, { singleSignOn: person.issuer });
    await this.#link(tx, person, user);
    return user;
  }

  async #link(tx: Transaction, person: ProvidedPerson, user: UserRow): Promise<void> {
    await tx.stores.singleSignOn.link(person.issuer, person.subject, user.id);
    await tx.audit({
      event: 'user.linked',
      actor: auditActor(SYSTEM),
      teamId: null,
      applicationId: null,
      subject: { kind: 'user', id: user.id, name: user.username },
      details: { issuer: person.issuer },
    });
  }
}

function nameOf(person: ProvidedPerson): string {
  const wanted = person.name ?? person.username ?? person.email ?? '';
  return DisplayName.safeParse(wanted.slice(0, 120)).data ?? 'Somebody';
}

/** A user name like the one at the provider that nobody has. */
async function freeUsername(tx: Transaction, person: ProvidedPerson): Promise<string> {
  const wanted = (person.username ?? person.email ?? '')
    .split('@')[0]
    ?.toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9._-]+/g, '')
    .slice(0, MAX_USERNAME)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  const base = Username.safeParse(wanted).data ?? 'person';
  for (let n = 1; n < 1000; n++) {
    const username = n === 1 ? base : `${base}-${n}`;
    if ((await tx.stores.users.findByUsername(username)) === null) {
      return username;
    }
  }
  return `${base}-${randomBytes(4).toString('hex')}`;
}

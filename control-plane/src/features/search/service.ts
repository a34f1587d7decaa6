import { type Permission, roleMay, type SearchResults } from '@flowyard/protocol';
import type { UserActor } from '../../access/actor.ts';
import type { Access } from '../../access/authorize.ts';
import type { Database } from '../../db/database.ts';
import type { FoundNode, FoundPlace, FoundSnapshot, SearchFor, Within } from './search-store.ts';

const MOST_WORDS = 8;
/** How Node-RED's editor calls what is not a node. */
const ANCHORS: Record<string, string> = { tab: 'flow', subflow: 'flow', group: 'group' };

interface Parts {
  db: Database;
  access: Access;
  urlOf: (instanceName: string) => string;
}

/** Finds things of a team for a person: only what they may see. */
export class SearchService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Without words: what comes first of each kind, but no snapshots and no nodes. */
  async find(actor: UserActor, teamId: string, input: { q: string; limit: number }): Promise<SearchResults> {
    const { db, access } = this.#parts;
    const store = db.stores.search;
    const roleIn = await access.rolesIn(actor, teamId);
    const applicationIds = await store.applicationIds(teamId);
    const within = (permission: Permission): Within => {
      const only = applicationIds.filter((id) => roleMay(roleIn(id), permission));
      const not = applicationIds.filter((id) => !roleMay(roleIn(id), permission));
      return only.length < not.length ? { only } : { not };
    };
    const loose = (permission: Permission) => roleMay(roleIn(null), permission);
    const words = input.q.replaceAll('\0', '').split(/\s+/).filter(Boolean).slice(0, MOST_WORDS);
    const search: SearchFor = { teamId, words, limit: input.limit + 1 };
    const hasWords = words.length > 0;
    return {
      applications: some(await store.applications(search, within('application:read')), input, place),
      instances: some(await store.instances(search, within('instance:read')), input, place),
      devices: some(await store.devices(search, within('device:read'), loose('device:read')), input, place),
      pipelines: some(await store.pipelines(search, within('pipeline:read')), input, place),
      snapshots: some(
        hasWords ? await store.snapshots(search, within('snapshot:read'), loose('snapshot:read')) : [],
        input,
        snapshot,
      ),
      nodes: some(hasWords ? await store.nodes(search, within('instance:open-editor')) : [], input, (found) =>
        this.#node(found),
      ),
    };
  }

  #node({ nodeId, instanceName, ...found }: FoundNode) {
    const anchor = `#${ANCHORS[found.type] ?? 'node'}/${encodeURIComponent(nodeId)}`;
    return {
      id: nodeId,
      name: found.name,
      type: found.type,
      flow: found.flow,
      instance: { id: found.instanceId, name: instanceName },
      url: `${this.#parts.urlOf(instanceName)}/${anchor}`,
    };
  }
}

function some<Found, Hit>(
  found: Found[],
  { limit }: { limit: number },
  present: (found: Found) => Hit,
): { items: Hit[]; more: boolean } {
  return { items: found.slice(0, limit).map(present), more: found.length > limit };
}

function place({ id, name, applicationName }: FoundPlace) {
  return { id, name, application: applicationName ?? null };
}

function snapshot(found: FoundSnapshot) {
  const { applicationId, instanceId, deviceId, ownerName } = found;
  return { ...place(found), applicationId, instanceId, deviceId, of: ownerName };
}

import type { Stores } from '../db/stores.ts';
import type { Actor } from './actor.ts';

/** Whether a person who is connected may stay: what they came in with still holds, and they are not suspended. */
export async function isStillSignedIn(stores: Stores, actor: Actor): Promise<boolean> {
  if (actor.kind !== 'user') {
    return true;
  }
  if (actor.sessionId !== null) {
    return stores.sessions.hasSession(actor.sessionId);
  }
  if (actor.tokenId !== undefined) {
    return stores.sessions.hasAccessToken(actor.tokenId, new Date().toISOString());
  }
  return (await stores.users.find(actor.userId))?.suspended === false;
}

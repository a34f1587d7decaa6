import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { send } from '../answers';
import { failure } from '../control-plane';
import { isId } from '../passages';
import { platformSeat } from '../platform';
import type { Parts } from '../routes';
import type { Place } from '../seat';

const LONGEST_URL = 500;
const AT_HOME = failure(409, 'at-home', 'Flowyard runs this Node-RED, so there is nobody to sign in here.');
const NO_URL = failure(422, 'invalid', 'That is not an address. It begins with https:// or http://.');
const NO_PLACE = failure(422, 'invalid', 'That is neither an instance nor a device.');

/** An address as people type it; null when it is none. */
function readUrl(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > LONGEST_URL) {
    return null;
  }
  const text = value.trim();
  const whole = /^\w+:\/\//.test(text) ? text : `https://${text}`;
  if (!URL.canParse(whole)) {
    return null;
  }
  const { protocol, username, origin, pathname } = new URL(whole);
  return ['http:', 'https:'].includes(protocol) && username === ''
    ? origin + pathname.replace(/\/+$/, '')
    : null;
}

function readPlace(value: unknown): Place | null {
  const { kind, id } = (value ?? {}) as Partial<Place>;
  return (kind === 'instance' || kind === 'device') && isId(id) ? { kind, id } : null;
}

/** Signing in to Flowyard from a Node-RED that it does not run: `flowyard/sign-in` and `flowyard/place`. */
export function addSignInRoutes(RED: NodeAPI, { relays, signIns }: Parts): void {
  // Who may only look at this Node-RED may do the same in Flowyard, each in their own name.
  const reading = RED.auth.needsPermission('flowyard.read');
  const elsewhere =
    (handle: (request: Request, response: Response) => Promise<void>) =>
    async (request: Request, response: Response) => {
      if (platformSeat(request.headers) !== null) {
        send(response, AT_HOME);
        return;
      }
      try {
        await handle(request, response);
      } catch (error) {
        send(response, failure(502, 'sign-in-failed', (error as Error).message));
      }
    };

  RED.httpAdmin.get(
    '/flowyard/sign-in',
    reading,
    elsewhere(async (request, response) => {
      response.json(signIns.stateOf(request));
    }),
  );
  RED.httpAdmin.post(
    '/flowyard/sign-in',
    reading,
    elsewhere(async (request, response) => {
      const url = readUrl(request.body?.url);
      if (url === null) {
        send(response, NO_URL);
        return;
      }
      const code = await signIns.begin(request, response, url);
      response.status(201).json({ state: 'waiting', url, ...code });
    }),
  );
  RED.httpAdmin.delete(
    '/flowyard/sign-in',
    reading,
    elsewhere(async (request, response) => {
      const seat = await signIns.signOut(request);
      if (seat !== null) {
        relays.stop(seat);
      }
      response.status(204).end();
    }),
  );
  RED.httpAdmin.put(
    '/flowyard/place',
    reading,
    elsewhere(async (request, response) => {
      const place = readPlace(request.body);
      if (place === null || !signIns.choose(request, place)) {
        send(response, NO_PLACE);
        return;
      }
      response.status(204).end();
    }),
  );
}

import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { type ApiAnswer, type ApiMethod, callControlPlane, failure } from './control-plane';
import type { LiveRelays } from './live-relay';
import { fillIn, READS, WRITES } from './passages';
import { platformSeat } from './platform';
import type { MissingSeat } from './seat';

const MISSING: Record<MissingSeat, ApiAnswer> = {
  outside: failure(404, 'outside', 'This Node-RED does not run in Flowyard.'),
  'unknown-person': failure(
    403,
    'unknown-person',
    'You are signed in to this Node-RED alone, so Flowyard does not know who you are. Open the editor from Flowyard.',
  ),
};
const UNUSABLE_ID = failure(422, 'invalid', 'That is not an identifier.');

function send(response: Response, { status, body }: ApiAnswer): void {
  response.status(status);
  if (body === null) {
    response.end();
  } else {
    response.json(body);
  }
}

function queryOf({ originalUrl }: Request): string {
  const at = originalUrl.indexOf('?');
  return at < 0 ? '' : originalUrl.slice(at);
}

/**
 * Adds what the sidebar asks for to Node-RED's admin API: `flowyard/seat` says with what it works, and below
 * `flowyard/api` is the API of the control plane, as far as the sidebar needs it, in the name of the person.
 */
export function addRoutes(RED: NodeAPI, relays: LiveRelays): void {
  const pass = (method: ApiMethod, template: string) => async (request: Request, response: Response) => {
    const seat = platformSeat(request.headers);
    if (typeof seat === 'string') {
      send(response, MISSING[seat]);
      return;
    }
    relays.start(seat);
    const path = fillIn(template, request.params);
    const body = method === 'GET' ? undefined : request.body;
    const answer =
      path === null
        ? UNUSABLE_ID
        : await callControlPlane(seat, { method, path: path + queryOf(request), body });
    send(response, answer);
  };
  const reading = RED.auth.needsPermission('flowyard.read');
  const writing = RED.auth.needsPermission('flowyard.write');

  RED.httpAdmin.get('/flowyard/seat', reading, (request: Request, response: Response) => {
    const seat = platformSeat(request.headers);
    if (typeof seat === 'string') {
      send(response, MISSING[seat]);
      return;
    }
    const { id, url, place } = seat;
    response.json({ id, url, place });
  });
  for (const path of READS) {
    RED.httpAdmin.get(`/flowyard/api${path}`, reading, pass('GET', path));
  }
  for (const [method, path] of WRITES) {
    const name = method.toUpperCase() as ApiMethod;
    RED.httpAdmin[method](`/flowyard/api${path}`, writing, pass(name, path));
  }
}

import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { MISSING, send } from './answers';
import { type ApiAnswer, type ApiMethod, callControlPlane, failure } from './control-plane';
import type { LiveRelays } from './live-relay';
import { fillIn, READS, WRITES } from './passages';
import { platformSeat } from './platform';
import type { Caller, MissingSeat, Seat } from './seat';
import type { SignIns } from './sign-in/sign-ins';

export interface Parts {
  relays: LiveRelays;
  signIns: SignIns;
}

const UNUSABLE_ID = failure(422, 'invalid', 'That is not an identifier.');

function queryOf({ originalUrl }: Request): string {
  const at = originalUrl.indexOf('?');
  return at < 0 ? '' : originalUrl.slice(at);
}

/** Where a person at this editor works: in Flowyard itself, or signed in to it from elsewhere. */
export function seatOf(request: Request, signIns: SignIns): Seat | MissingSeat {
  return platformSeat(request.headers) ?? signIns.seatOf(request);
}

/** Asks the control plane in the name of the person who sent the request, and answers with what it says. */
async function passOn(
  { relays, signIns }: Parts,
  { method, template }: { method: ApiMethod; template: string },
  request: Request,
): Promise<ApiAnswer> {
  const seat = seatOf(request, signIns);
  // Who has not chosen a place yet asks what there is.
  const caller: Caller | null = typeof seat === 'string' ? signIns.callerOf(request) : seat;
  if (caller === null || seat === 'unknown-person') {
    return MISSING[seat as MissingSeat];
  }
  if (typeof seat !== 'string') {
    relays.start(seat);
  }
  const path = fillIn(template, request.params);
  if (path === null) {
    return UNUSABLE_ID;
  }
  const body = method === 'GET' ? undefined : request.body;
  const answer = await callControlPlane(caller, { method, path: path + queryOf(request), body });
  if (answer.status === 401 && caller.identity === undefined) {
    relays.stop(signIns.end(request) ?? '');
  }
  return answer;
}

/**
 * Adds what the sidebar asks for to Node-RED's admin API: `flowyard/seat` says with what it works, and below
 * `flowyard/api` is the API of the control plane, as far as the sidebar needs it, in the name of the person.
 */
export function addRoutes(RED: NodeAPI, parts: Parts): void {
  const pass = (method: ApiMethod, template: string) => async (request: Request, response: Response) =>
    send(response, await passOn(parts, { method, template }, request));
  const reading = RED.auth.needsPermission('flowyard.read');
  const writing = RED.auth.needsPermission('flowyard.write');

  RED.httpAdmin.get('/flowyard/seat', reading, (request: Request, response: Response) => {
    const seat = seatOf(request, parts.signIns);
    if (typeof seat === 'string') {
      send(response, MISSING[seat]);
      return;
    }
    const { id, url, place, isHome, person } = seat;
    response.json({ id, url, place, isHome, person });
  });
  for (const path of READS) {
    RED.httpAdmin.get(`/flowyard/api${path}`, reading, pass('GET', path));
  }
  for (const [method, path] of WRITES) {
    const name = method.toUpperCase() as ApiMethod;
    RED.httpAdmin[method](`/flowyard/api${path}`, writing, pass(name, path));
  }
}

import type { IncomingHttpHeaders } from 'node:http';
import { IDENTITY_HEADER } from './control-plane';
import type { Place, Seat } from './seat';

function placeOf({ FLOWYARD_INSTANCE_ID, FLOWYARD_DEVICE_ID }: NodeJS.ProcessEnv): Place | null {
  if (FLOWYARD_INSTANCE_ID) {
    return { kind: 'instance', id: FLOWYARD_INSTANCE_ID };
  }
  return FLOWYARD_DEVICE_ID ? { kind: 'device', id: FLOWYARD_DEVICE_ID } : null;
}

/**
 * The seat of a person where Flowyard runs this Node-RED, as an instance or on a device; null elsewhere. The environment is read
 * afresh each time: a warm process learns late where it is.
 */
export function platformSeat(
  headers: IncomingHttpHeaders,
  environment: NodeJS.ProcessEnv = process.env,
): Seat | 'unknown-person' | null {
  const { FLOWYARD_URL: url, FLOWYARD_TOKEN: token } = environment;
  const place = placeOf(environment);
  if (!url || !token || place === null) {
    return null;
  }
  const identity = headers[IDENTITY_HEADER];
  if (typeof identity !== 'string') {
    // Somebody who came around the proxy, by the login for emergencies. Flowyard does not know who it is.
    return 'unknown-person';
  }
  return { id: 'platform', url: url.replace(/\/+$/, ''), token, identity, place, isHome: true, person: null };
}

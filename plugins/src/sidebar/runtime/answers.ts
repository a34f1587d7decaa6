import type { Response } from 'express';
import { type ApiAnswer, failure } from './control-plane';
import type { MissingSeat } from './seat';

export const MISSING: Record<MissingSeat, ApiAnswer> = {
  'signed-out': failure(409, 'signed-out', 'You are not signed in to Flowyard.'),
  'no-place': failure(409, 'no-place', 'Choose first with which instance or device this Node-RED works.'),
  'unknown-person': failure(
    403,
    'unknown-person',
    'You are signed in to this Node-RED alone, so Flowyard does not know who you are. Open the editor from Flowyard.',
  ),
};

/** A 401 would make the editor ask for the password of Node-RED itself. */
const ENDED = failure(409, 'signed-out', 'Your sign-in to Flowyard has ended. Sign in again.');

export function send(response: Response, answer: ApiAnswer): void {
  const { status, body } = answer.status === 401 ? ENDED : answer;
  response.status(status);
  if (body === null) {
    response.end();
  } else {
    response.json(body);
  }
}

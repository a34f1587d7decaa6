import createClient from 'openapi-fetch';
import { errorOfAnswer, toApiError } from './api-error.ts';
import type { paths } from './schema.d.ts';

/** The typed client of the whole API. Its answers go through `ask`. */
export const api = createClient<paths>({
  baseUrl: '/api/v1',
  headers: { 'X-Requested-With': 'flowyard' },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

let onSignedOut = (): void => {};

/** Says what happens when an answer shows that the session is over. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

/** The session is over: tells whoever listens. */
export function announceSignedOut(): void {
  onSignedOut();
}

/** Waits for a call of `api` and gives its data, or throws an `ApiError`. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call.catch((thrown: unknown) => {
    throw toApiError(thrown);
  });
  if (!response.ok) {
    if (response.status === 401 && !response.url.endsWith('/session') && !response.url.endsWith('/setup')) {
      onSignedOut();
    }
    throw errorOfAnswer(response.status, error);
  }
  return data as T;
}

import assert from 'node:assert/strict';
import { type ApiClient, getFromInstance, type InstanceAnswer, requestInstance } from './api-client.ts';

export const BROWSER = { accept: 'text/html' };

/** A hosted instance, or a device in developer mode. */
type WithEditor = { url: string };

/** Walks the redirects from an editor's address to its cookie, as a browser does. */
export async function openEditorOf(instance: WithEditor, person: ApiClient): Promise<string> {
  const first = await getFromInstance(instance.url, '/', BROWSER);
  assert.equal(first.status, 302, first.body);
  const flowCookie = cookieOf(first.headers);
  const authorize = await fetch(String(first.headers.location), {
    redirect: 'manual',
    headers: { ...BROWSER, cookie: person.cookie ?? '' },
  });
  const callback = new URL(authorize.headers.get('location') ?? '', person.url);
  assert.equal(callback.origin, instance.url, callback.href);
  const path = callback.pathname + callback.search;
  const back = await getFromInstance(instance.url, path, { ...BROWSER, cookie: flowCookie });
  assert.equal(back.status, 302, back.body);
  return cookieOf(back.headers, 'flowyard_editor');
}

/** Walks the sign-in to a page of flows, as a browser does: the cookie, or null when the person may not open it. */
export async function openPageOf(
  instance: WithEditor,
  path: string,
  person: ApiClient,
): Promise<string | null> {
  const first = await getFromInstance(instance.url, path, BROWSER);
  assert.equal(first.status, 302, first.body);
  const location = new URL(String(first.headers.location));
  assert.equal(location.searchParams.get('scope'), 'page');
  const headers = { ...BROWSER, cookie: person.cookie ?? '' };
  const authorize = await fetch(location, { redirect: 'manual', headers });
  const callback = new URL(authorize.headers.get('location') ?? '', person.url);
  if (callback.origin !== instance.url) {
    return null;
  }
  const back = await getFromInstance(instance.url, callback.pathname + callback.search, {
    ...BROWSER,
    cookie: cookieOf(first.headers),
  });
  assert.equal(back.headers.location, path);
  return cookieOf(back.headers, 'flowyard_editor');
}

/** The cookie that an answer sets whose name begins so. */
export function cookieOf(headers: InstanceAnswer['headers'], name = ''): string {
  const cookies = [headers['set-cookie'] ?? []].flat();
  return cookies.find((cookie) => cookie.startsWith(name))?.split(';')[0] ?? '';
}

/** Posts to the editor's own API as the person who opened it. */
export function postToEditor(
  instance: WithEditor,
  cookie: string,
  path: string,
  body: unknown,
): Promise<InstanceAnswer> {
  const headers = { cookie, 'content-type': 'application/json', 'node-red-api-version': 'v2' };
  return requestInstance(instance.url, 'POST', path, headers, JSON.stringify(body));
}

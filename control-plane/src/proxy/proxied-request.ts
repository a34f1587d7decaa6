import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';

/**
 * The name in front of the domain, of an instance or the identifier of a device; null when the request is for the domain itself or another host, and empty when
 * what stands there cannot be a name.
 */
export function instanceNameOf(request: IncomingMessage, domain: string): string | null {
  const host = hostNameOf(request);
  const suffix = `.${domain.toLowerCase()}`;
  if (!host.endsWith(suffix)) {
    return null;
  }
  const name = host.slice(0, -suffix.length);
  return /^(?:[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?|[0-9][0-9a-z]{5,39})$/.test(name) ? name : '';
}

function hostNameOf(request: IncomingMessage): string {
  return (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
}

/** The path without the query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

/** Whether a person opens a page, rather than a program or script asking for something. */
export function isNavigation(request: IncomingMessage): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const mode = request.headers['sec-fetch-mode'];
  const asks = mode === undefined ? /\btext\/html\b/.test(request.headers.accept ?? '') : mode === 'navigate';
  return isRead && asks;
}

/**
 * Whether the request comes from the instance's own pages or from no page at all. The instances of one domain are
 * one site to a browser, so cookies go along from one to another; the origin tells them apart.
 */
export function isFromOwnPages(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin !== undefined) {
    return hostOfOrigin(origin) === host?.toLowerCase();
  }
  const site = request.headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none' || isNavigation(request);
}

function hostOfOrigin(origin: string): string | null {
  try {
    return new URL(origin).host;
  } catch {
    return null;
  }
}

/** Our own cookies are between the browser and us; flows could read them. */
export function stripCookies(headers: IncomingHttpHeaders): void {
  if (headers.cookie === undefined) {
    return;
  }
  const kept = headers.cookie.split(';').filter((cookie) => !/^\s*(?:__Host-)?flowyard_/.test(cookie));
  if (kept.length > 0) {
    headers.cookie = kept.join(';').trim();
  } else {
    delete headers.cookie;
  }
}

/** X-Forwarded headers; those that came along count only when the sender is trusted. */
export function forwardedHeaders(request: IncomingMessage, isTrusted: boolean): Record<string, string> {
  const { headers, socket } = request;
  const isSecure = (socket as Partial<TLSSocket>).encrypted === true;
  const remote = socket.remoteAddress ?? '';
  const given = isTrusted ? headers : {};
  const proto = single(given['x-forwarded-proto']) ?? (isSecure ? 'https' : 'http');
  const host = single(given['x-forwarded-host']) ?? headers.host ?? '';
  const before = single(given['x-forwarded-for']);
  return {
    'x-forwarded-for': before === undefined ? remote : `${before}, ${remote}`,
    'x-forwarded-proto': proto,
    'x-forwarded-host': host,
    'x-forwarded-port': /:(\d+)$/.exec(host)?.[1] ?? (proto === 'https' ? '443' : '80'),
  };
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

import type { IncomingMessage } from 'node:http';
import type { RuntimeStatus } from '@flowyard/protocol';
import type { DeviceAway, DeviceProblem } from './device-door.ts';
import type { PageVerdict } from './page-gate.ts';
import { isNavigation } from './proxied-request.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

interface Away {
  name: string;
  status: RuntimeStatus;
  reason: string | null;
  pageUrl: string;
}

/** Statuses that end by themselves soon, so that looking again is worth while. */
const PASSING: ReadonlySet<RuntimeStatus> = new Set<RuntimeStatus>([
  'created',
  'starting',
  'running',
  'updating',
]);
const SOON_SECONDS = 1;
const LATER_SECONDS = 15;

const SENTENCES: Partial<Record<RuntimeStatus, string>> = {
  created: 'It has not been started yet.',
  starting: 'It is starting. This page opens it as soon as it answers.',
  running: 'It is about to answer. This page opens it then.',
  stopping: 'It is being stopped.',
  stopped: 'It is stopped. Start it on its page.',
  suspended: 'It is suspended. Start it on its page.',
  crashed: 'It crashed and will be started again by itself.',
  error: 'It could not be started.',
};

/** When an instance does not answer. */
export function awayAnswer(request: IncomingMessage, away: Away): Answer {
  const sentence = SENTENCES[away.status] ?? 'It does not answer.';
  const seconds = PASSING.has(away.status) ? SOON_SECONDS : LATER_SECONDS;
  const headers = { 'retry-after': String(seconds) };
  if (!isNavigation(request)) {
    const message = `The instance ${away.name} does not answer. ${sentence}`;
    return json(503, { code: 'instance_away', message, details: { status: away.status } }, headers);
  }
  const reason = away.reason === null ? '' : `<pre>${escapeHtml(away.reason)}</pre>`;
  return page(503, {
    title: `${away.name} · ${away.status}`,
    heading: away.name,
    content: `<p><strong>${escapeHtml(away.status)}</strong> ${escapeHtml(sentence)}</p>${reason}${link(away.pageUrl)}`,
    refreshSeconds: seconds,
    headers,
  });
}

interface AwayDevice {
  name: string;
  pageUrl: string;
}

/** What is wrong, and what to do about it. */
const DEVICE_PROBLEMS: Record<DeviceProblem, { status: number; word: string; sentence: string }> = {
  fleet: {
    status: 409,
    word: 'fleet mode',
    sentence: 'In fleet mode a device has no editor. Switch it to developer mode on its page.',
  },
  offline: {
    status: 503,
    word: 'offline',
    sentence: 'The device is offline. This page opens its editor as soon as it is there again.',
  },
  'old-agent': {
    status: 501,
    word: 'old agent',
    sentence: 'The agent on this device is too old to open its editor from here. Update it there.',
  },
  away: {
    status: 503,
    word: 'not ready',
    sentence: 'Node-RED on this device does not answer yet. This page opens its editor when it does.',
  },
  silent: {
    status: 504,
    word: 'no answer',
    sentence: 'The device was asked to connect and did not in time. Its network may be slow or blocked.',
  },
  busy: {
    status: 503,
    word: 'busy',
    sentence: 'Too many connections to this device are open. Close some of its windows.',
  },
};
const SOON: ReadonlySet<DeviceProblem> = new Set<DeviceProblem>(['offline', 'away', 'silent', 'busy']);
const DEVICE_SECONDS = 3;

/** When a device cannot be reached, or may not. */
export function deviceAwayAnswer(request: IncomingMessage, device: AwayDevice, away: DeviceAway): Answer {
  const { status, word, sentence } = DEVICE_PROBLEMS[away.problem];
  const isSoon = SOON.has(away.problem);
  const headers: Record<string, string> = isSoon ? { 'retry-after': String(DEVICE_SECONDS) } : {};
  if (!isNavigation(request)) {
    const message = `${device.name} cannot be reached. ${sentence}`;
    return json(status, { code: 'device_away', message, details: { problem: away.problem } }, headers);
  }
  const detail = away.detail === null ? '' : `<pre>${escapeHtml(away.detail)}</pre>`;
  return page(status, {
    title: `${device.name} · ${word}`,
    heading: device.name,
    content: `<p><strong>${escapeHtml(word)}</strong> ${escapeHtml(sentence)}</p>${detail}${link(device.pageUrl)}`,
    ...(isSoon && { refreshSeconds: DEVICE_SECONDS }),
    headers,
  });
}

/** When there is no instance of that name. */
export function unknownAnswer(request: IncomingMessage, pageUrl: string): Answer {
  const message = 'There is no instance with this name. Check the address.';
  if (!isNavigation(request)) {
    return json(404, { code: 'not_found', message });
  }
  return page(404, {
    title: 'Not found',
    heading: 'No such instance',
    content: `<p>${message}</p>${link(pageUrl)}`,
  });
}

/** When we ourselves fail. */
export function brokenAnswer(): Answer {
  return json(502, { code: 'proxy_failed', message: 'The request could not be passed on. Try again.' });
}

/** When somebody comes back from signing in with something that does not fit. */
export function failedSignInAnswer(name: string): Answer {
  return page(400, {
    title: 'Sign in again',
    heading: name,
    content:
      '<p>Signing in took too long, was started in another window, or is not allowed here.</p><p><a href="/">Try again</a></p>',
  });
}

/** When somebody may not open the HTTP pages, and what they lack. */
export function refusedAnswer(
  request: IncomingMessage,
  name: string,
  verdict: Exclude<PageVerdict, { kind: 'pass' }>,
): Answer {
  const { status, message, headers } = refusal(name, verdict);
  if (!isNavigation(request)) {
    return json(status, { code: status === 429 ? 'too_many' : 'unauthenticated', message }, headers);
  }
  return page(status, { title: 'Sign in', heading: name, content: `<p>${escapeHtml(message)}</p>`, headers });
}

function refusal(
  name: string,
  verdict: Exclude<PageVerdict, { kind: 'pass' }>,
): { status: number; message: string; headers: Record<string, string> } {
  switch (verdict.kind) {
    case 'wait':
      return {
        status: 429,
        message: `Too many attempts. Try again in ${verdict.seconds} seconds.`,
        headers: { 'retry-after': String(verdict.seconds) },
      };
    case 'sign-in':
      return { status: 401, message: `Sign in to Flowyard to open ${name}.`, headers: {} };
    case 'ask':
      return verdict.how === 'password'
        ? {
            status: 401,
            message: `${name} asks for a user name and a password.`,
            headers: { 'www-authenticate': `Basic realm="${name}", charset="UTF-8"` },
          }
        : {
            status: 401,
            message: `${name} asks for an HTTP token, sent as "Authorization: Bearer".`,
            headers: { 'www-authenticate': `Bearer realm="${name}"` },
          };
  }
}

function json(status: number, error: object, headers: Record<string, string> = {}): Answer {
  const fixed = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers: { ...fixed, ...headers }, body: JSON.stringify({ error }) };
}

interface Page {
  title: string;
  heading: string;
  content: string;
  refreshSeconds?: number;
  headers?: Record<string, string>;
}

const STYLE = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto 0;padding:0 1.5rem}
h1{font-size:1.4rem;font-weight:600}pre{white-space:pre-wrap;font-size:.8rem;opacity:.8}`;

function page(status: number, { title, heading, content, refreshSeconds, headers = {} }: Page): Answer {
  const refresh =
    refreshSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">`;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body:
      `<!doctype html><html lang="en"><head><meta charset="utf-8">${refresh}` +
      `<meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>` +
      `<body><main><h1>${escapeHtml(heading)}</h1>${content}</main></body></html>`,
  };
}

function link(pageUrl: string): string {
  return `<p><a href="${escapeHtml(pageUrl)}">Open Flowyard</a></p>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

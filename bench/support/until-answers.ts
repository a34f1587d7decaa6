import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

const ASK_EVERY_MS = 5;
const GIVE_UP_MS = 60_000;
const ONE_ANSWER_MS = 1000;

interface Answer {
  status: number;
  body: string;
}

/** One request on a connection of its own; null when nothing answers. */
export function ask(url: string, path: string, headers: Record<string, string> = {}): Promise<Answer | null> {
  const { hostname, port, host } = new URL(url);
  const address = hostname.endsWith('localhost') ? '127.0.0.1' : hostname;
  return new Promise((resolve) => {
    const sent = request(
      { host: address, port, path, headers: { host, ...headers }, agent: false },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', () => resolve(null));
      },
    );
    sent.setTimeout(ONE_ANSWER_MS, () => sent.destroy());
    sent.on('error', () => resolve(null));
    sent.end();
  });
}

/**
 * Asks again and again until the answer is 200 (and has that body); resolves with the milliseconds it took. A request
 * that Node-RED forgets while it exchanges its flows holds up no later one.
 */
export async function untilAnswers(
  url: string,
  path: string,
  body?: string,
  giveUpMs = GIVE_UP_MS,
): Promise<number> {
  const begin = performance.now();
  let answeredAfter: number | undefined;
  while (answeredAfter === undefined && performance.now() - begin < giveUpMs) {
    void ask(url, path).then((answer) => {
      if (answer?.status === 200 && (body === undefined || answer.body === body)) {
        answeredAfter ??= performance.now() - begin;
      }
    });
    await wait(ASK_EVERY_MS);
  }
  if (answeredAfter === undefined) {
    throw new Error(`${url}${path} did not answer as expected within ${giveUpMs} ms`);
  }
  return answeredAfter;
}

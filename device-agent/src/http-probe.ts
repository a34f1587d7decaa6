import http from 'node:http';
import { isIPv6 } from 'node:net';

export interface HttpProbe {
  /** Where Node-RED listens. */
  host: string;
  port: number;
  path: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

const ANSWER_MS = 5000;
const EVERYWHERE: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Asks the flows once. Answers null when they answer as they should, else what was wrong. */
export function httpProbe({ host, port, path, headers, signal }: HttpProbe): Promise<string | null> {
  const address = EVERYWHERE[host] ?? host;
  const url = `http://${isIPv6(address) ? `[${address}]` : address}:${port}${path}`;
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  return new Promise((resolve) => {
    const request = http.get(url, { headers, signal: timeout }, (response) => {
      const status = response.statusCode ?? 0;
      response.on('error', () => {});
      response.destroy();
      resolve(status >= 200 && status <= 299 ? null : `it answers with status ${status}`);
    });
    request.on('error', (error) =>
      resolve(timeout.aborted ? 'it does not answer' : `it does not answer (${error.message})`),
    );
  });
}

import { Agent, request } from 'node:http';

export interface LoadResult {
  perSecond: number;
  /** Milliseconds of each request. */
  latencies: number[];
  failures: number;
}

interface Load {
  url: string;
  path: string;
  method?: string;
  headers: Record<string, string>;
  body?: string;
  connections: number;
  durationMs: number;
}

/** Sends requests one after the other on each of some connections, for a time. */
export async function load(options: Load): Promise<LoadResult> {
  const { hostname, port } = new URL(options.url);
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const latencies: number[] = [];
  let failures = 0;
  const begin = performance.now();
  const end = begin + options.durationMs;

  const once = () =>
    new Promise<void>((resolve) => {
      const sentAt = performance.now();
      const sent = request(
        {
          host: hostname,
          port,
          path: options.path,
          method: options.method ?? 'GET',
          headers: options.headers,
          agent,
        },
        (response) => {
          response.resume();
          response.on('end', () => {
            latencies.push(performance.now() - sentAt);
            if ((response.statusCode ?? 500) >= 400) {
              failures++;
            }
            resolve();
          });
        },
      );
      sent.on('error', () => {
        failures++;
        resolve();
      });
      sent.end(options.body);
    });

  const connection = async () => {
    while (performance.now() < end) {
      await once();
    }
  };
  await Promise.all(Array.from({ length: options.connections }, connection));
  agent.destroy();
  return { perSecond: latencies.length / ((performance.now() - begin) / 1000), latencies, failures };
}

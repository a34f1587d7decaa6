import type { RequestHandler } from 'express';
import type { Registry } from 'prom-client';
import { isLimited } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import { forbidden, unauthenticated } from '../../errors.ts';
import type { Authenticator } from '../../http/authenticate.ts';
import type { LinkHub } from '../../relay/links/link-hub.ts';
import type { SeenHost } from '../devices/host-recorder.ts';
import { deviceGauges } from './device-gauges.ts';
import { linkGauges } from './link-gauges.ts';
import type { MetricsRecorder } from './recorder.ts';

interface Parts {
  db: Database;
  recorder: MetricsRecorder;
  authenticator: Authenticator;
  hostOf: (deviceId: string) => SeenHost | undefined;
  linkHub: Pick<LinkHub, 'figures' | 'present'>;
}

const PER_INSTANCE = [
  ['cpu_percent', 'CPU used on average in this minute; one core is 100', 'cpuPercent'],
  ['memory_bytes', 'Memory used at most in this minute', 'memoryBytes'],
  ['event_loop_delay_ms', 'The longest that its event loop was blocked in this minute', 'eventLoopDelayMs'],
  ['messages', 'Messages that nodes sent in this minute so far', 'messages'],
  ['requests', 'HTTP requests to flows in this minute so far', 'requests'],
] as const;

/** `GET /metrics` for Prometheus: for administrators, with their token or session. */
export function prometheusMetrics({ db, recorder, authenticator, hostOf, linkHub }: Parts): RequestHandler {
  return async (request, response) => {
    const actor = await authenticator.authenticate(request);
    if (actor === null) {
      throw unauthenticated();
    }
    if (actor.kind !== 'user' || !actor.admin || isLimited(actor)) {
      throw forbidden('Metrics are for administrators: send the access token of one as a bearer token.');
    }
    const registry = await gather(db, recorder);
    const devices = await deviceGauges({ stores: db.stores, hostOf });
    await linkGauges(registry, linkHub);
    response.type(registry.contentType).send(`${await registry.metrics()}\n${devices}`);
  };
}

/** Made anew for each request: instances come and go, and what is gone must not be told. */
async function gather(db: Database, recorder: MetricsRecorder): Promise<Registry> {
  const { Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['instance_id', 'name', 'team_id', 'application_id'] as const;
  const info = new Gauge({
    name: 'flowyard_instance_running',
    help: 'Whether the flows of an instance run',
    labelNames,
    registers,
  });
  const gauges = PER_INSTANCE.map(([name, help, key]) => ({
    gauge: new Gauge({ name: `flowyard_instance_${name}`, help, labelNames, registers }),
    key,
  }));
  for (const { id, name, teamId, applicationId, state } of await db.stores.instances.allStates()) {
    const labels = { instance_id: id, name, team_id: teamId, application_id: applicationId };
    info.set(labels, state === 'running' ? 1 : 0);
    const minute = recorder.currentOf(id);
    for (const { gauge, key } of minute === null ? [] : gauges) {
      gauge.set(labels, minute?.[key] ?? 0);
    }
  }
  const process = new Gauge({
    name: 'flowyard_process_memory_bytes',
    help: 'Memory of the control plane',
    registers,
  });
  process.set(globalThis.process.memoryUsage.rss());
  return registry;
}

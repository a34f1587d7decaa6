import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { RuntimeMessage } from '@flowyard/protocol';

const BEAT_MS = 1000;

type Heartbeat = Extract<RuntimeMessage, { type: 'heartbeat' }>;

/** What is counted between two beats. */
export interface Traffic {
  messages: number;
  requests: number;
}

/** Beats from the event loop in which flows run: when it is blocked, the beat stops. Returns the function that ends it. */
export function startHeartbeat(send: (beat: Heartbeat) => void, traffic: Traffic): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let cpu = process.cpuUsage();
  let at = process.hrtime.bigint();
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu);
    const now = process.hrtime.bigint();
    const elapsedMicroseconds = Number(now - at) / 1000;
    send({
      type: 'heartbeat',
      memoryBytes: process.memoryUsage.rss(),
      cpuPercent: round(((used.user + used.system) / elapsedMicroseconds) * 100),
      eventLoopDelayMs: round(delay.max / 1e6),
      ...traffic,
    });
    Object.assign(traffic, { messages: 0, requests: 0 });
    delay.reset();
    cpu = process.cpuUsage();
    at = now;
  }, BEAT_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    delay.disable();
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

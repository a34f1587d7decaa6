/**
 * One end of a measurement, in a process of its own: asks or answers, by the code of the link nodes or by a bare
 * WebSocket. Told what to do by the parent's messages.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { FlowLinks } from '../../nodes/src/link/flow-links.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { EndCommand, EndReport } from './commands.ts';

const PAYLOAD = 'x'.repeat(1000);
const MIB = 1024 * 1024;
const MOST_BUFFERED = MIB;

interface End {
  roundTrip(): Promise<void>;
  /** Sends so many, and resolves when the other end has them. */
  stream(count: number): Promise<void>;
  close(): Promise<void>;
}

function tell(report: EndReport): void {
  process.send?.(report);
}

async function openRaw(url: string): Promise<End> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  let onMessage: (data: Buffer) => void = () => {};
  socket.on('message', (data) => onMessage(data as Buffer));
  await new Promise((resolve) => socket.once('open', resolve));
  const next = () => new Promise<void>((resolve) => (onMessage = () => resolve()));
  const frame = Buffer.from(`m${PAYLOAD}`);
  return {
    roundTrip: () => {
      const answered = next();
      socket.send(frame);
      return answered;
    },
    stream: async (count) => {
      const answered = next();
      for (let index = 0; index < count; index += 1) {
        socket.send(Buffer.from(`${index === count - 1 ? 'e' : 's'}${PAYLOAD}`));
        if (socket.bufferedAmount > MOST_BUFFERED) {
          await eventually(() => socket.bufferedAmount < MOST_BUFFERED / 2, { everyMs: 1 });
        }
      }
      await answered;
    },
    close: async () => socket.close(),
  };
}

/** Answers each `m`, and the `e` at the end of a stream. */
function answerRaw(url: string): void {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.on('message', (data: Buffer) => {
    if (data[0] !== 's'.charCodeAt(0)) {
      socket.send(data);
    }
  });
  socket.on('open', () => tell({ type: 'ready' }));
}

function openLinks({ url, token, deviceId }: { url: string; token: string; deviceId: string }): {
  links: FlowLinks;
  folder: string;
} {
  const folder = mkdtempSync(join(tmpdir(), 'flowyard-bench-links-'));
  const platform = { url, token, instanceId: null, deviceId, applicationId: null };
  return { folder, links: new FlowLinks({ platform, userDir: folder, warn: () => {} }) };
}

async function linkEnd(links: FlowLinks, folder: string, target: string): Promise<End> {
  await eventually(() => links.state.connection === 'connected');
  const call = { place: 'device', name: target, link: 'echo' } as const;
  const sink = { place: 'device', name: target, link: 'sink' } as const;
  return {
    roundTrip: async () => {
      await links.call(call, { payload: PAYLOAD }, { timeoutMs: 10_000, all: false });
    },
    stream: async (count) => {
      const sent: Promise<void>[] = [];
      for (let index = 0; index < count; index += 1) {
        sent.push(links.send(sink, { payload: PAYLOAD, index }, { confirm: 'delivered', until: 0 }));
        if (sent.length % 1000 === 0) {
          await sent[sent.length - 4000];
        }
      }
      await Promise.all(sent);
    },
    close: async () => {
      await links.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Keeps so many messages while nobody is there. */
async function fill(links: FlowLinks, target: string, count: number): Promise<void> {
  const sink = { place: 'device', name: target, link: 'sink' } as const;
  for (let round = 0; round < count; round += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, count - round) }, (_, index) =>
        links.send(sink, { payload: PAYLOAD, index: round + index }, { confirm: 'kept', until: 0 }),
      ),
    );
  }
}

async function ask(
  end: End,
  command: Extract<EndCommand, { type: 'round-trips' | 'stream' }>,
): Promise<void> {
  if (command.type === 'stream') {
    const begin = performance.now();
    await end.stream(command.count);
    tell({ type: 'took', ms: [performance.now() - begin] });
    return;
  }
  const ms: number[] = [];
  for (let index = 0; index < command.count; index += 1) {
    const begin = performance.now();
    await end.roundTrip();
    ms.push(performance.now() - begin);
  }
  tell({ type: 'took', ms });
}

let links: FlowLinks | null = null;
let linksFolder = '';
let end: End | null = null;
const seen = new Map<number, number>();

async function obey(command: EndCommand): Promise<void> {
  switch (command.type) {
    case 'raw':
      if (command.answers) {
        answerRaw(command.url);
      } else {
        end = await openRaw(command.url);
        tell({ type: 'ready' });
      }
      return;
    case 'links':
      ({ links, folder: linksFolder } = openLinks(command));
      if (command.target === null) {
        const own = links;
        own.listen({
          listener: { link: 'echo', hears: 'application' },
          onMessage: ({ message, call }) => call && own.answer(call, message),
        });
        own.listen({
          listener: { link: 'sink', hears: 'application' },
          onMessage: ({ message }) => {
            const index = Number(message.index);
            seen.set(index, (seen.get(index) ?? 0) + 1);
          },
        });
        await eventually(() => own.state.connection === 'connected');
      } else {
        end = await linkEnd(links, linksFolder, command.target);
      }
      tell({ type: 'ready' });
      return;
    case 'round-trips':
    case 'stream':
      return end === null ? undefined : ask(end, command);
    case 'fill':
      await fill(links as FlowLinks, command.target, command.count);
      tell({ type: 'took', ms: [] });
      return;
    case 'count': {
      const doubled = [...seen.values()].filter((times) => times > 1).length;
      tell({ type: 'counted', seen: seen.size, doubled, waiting: links?.waiting ?? 0 });
      return;
    }
    case 'weigh': {
      const processMb = process.memoryUsage().rss / MIB;
      // What buffers held is given back a moment after they are gone.
      global.gc?.();
      await wait(300);
      global.gc?.();
      const { heapUsed, external } = process.memoryUsage();
      tell({ type: 'weighed', processMb, heldMb: (heapUsed + external) / MIB });
      return;
    }
    case 'stop':
      await (end?.close() ?? links?.close());
      rmSync(linksFolder, { recursive: true, force: true });
      process.exit(0);
  }
}

process.on('message', (command: EndCommand) => {
  obey(command).catch((error: Error) => tell({ type: 'failed', message: error.stack ?? error.message }));
});
process.on('disconnect', () => process.exit(0));

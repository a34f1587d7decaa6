import { open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import type { ProcessIdentity } from './process-identity.ts';
import { signalProcess } from './process-identity.ts';

const LIMIT_MS = 3000;
const LOOK_MS = 50;
const ADDRESS = /Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+)/g;
const FUNCTION_NODE = /^Function node(?: setup| cleanup)?:([0-9A-Za-z._-]+)/;

interface InspectorMessage {
  method?: string;
  params?: {
    scriptId?: string;
    url?: string;
    callFrames?: Array<{ location: { scriptId: string } }>;
  };
}

/**
 * The function node in which a process is stuck; null when it is none, or cannot be found out in time. Node.js opens
 * its inspector on SIGUSR1 even while JavaScript runs without end, and writes the address to the log. The port is on
 * loopback and open only until the process is ended, which follows.
 */
export async function findBlockingNode(identity: ProcessIdentity, logFile: string): Promise<string | null> {
  if (process.platform === 'win32') {
    return null;
  }
  const signal = AbortSignal.timeout(LIMIT_MS);
  try {
    const from = (await stat(logFile)).size;
    signalProcess(identity, 'SIGUSR1');
    return await askInspector(await inspectorAddress(logFile, from, signal), signal);
  } catch {
    // It takes longer, or its Node.js has no inspector. It is ended without our knowing.
    return null;
  }
}

async function inspectorAddress(logFile: string, from: number, signal: AbortSignal): Promise<string> {
  for (;;) {
    const [, address] = [...(await textFrom(logFile, from)).matchAll(ADDRESS)].at(-1) ?? [];
    if (address !== undefined) {
      return address;
    }
    await sleep(LOOK_MS, undefined, { signal });
  }
}

async function textFrom(path: string, from: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.max(0, size - from));
    await file.read(buffer, 0, buffer.length, from);
    return buffer.toString();
  } finally {
    await file.close();
  }
}

function askInspector(address: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address, { perMessageDeflate: false });
    const urls = new Map<string, string>();
    const give = (nodeId: string | null) => {
      socket.terminate();
      resolve(nodeId);
    };
    signal.addEventListener('abort', () => {
      socket.terminate();
      reject(signal.reason);
    });
    socket.on('error', reject);
    socket.on('open', () => {
      socket.send(JSON.stringify({ id: 1, method: 'Debugger.enable' }));
      socket.send(JSON.stringify({ id: 2, method: 'Debugger.pause' }));
    });
    socket.on('message', (data) => {
      const { method, params } = JSON.parse(data.toString()) as InspectorMessage;
      if (method === 'Debugger.scriptParsed' && params?.scriptId !== undefined) {
        urls.set(params.scriptId, params.url ?? '');
      } else if (method === 'Debugger.paused') {
        const scripts = (params?.callFrames ?? []).map(({ location }) => urls.get(location.scriptId) ?? '');
        const found = scripts.map((url) => FUNCTION_NODE.exec(url)?.[1]).find((id) => id !== undefined);
        give(found ?? null);
      }
    });
  });
}

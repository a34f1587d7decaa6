import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

type RequestHandler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): void;
  use(path: string, handler: RequestHandler): void;
}

/** What we use of Node-RED when it is embedded. Source: node-red/lib/red.js. */
export interface NodeRed {
  init(server: Server, settings: Record<string, unknown>): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly events: EventEmitter;
  readonly hooks: {
    // biome-ignore lint/suspicious/noExplicitAny: each hook has its own events
    add(name: string, handler: (event: any) => void): void;
    /** `*.label` removes all with that label. */
    remove(name: string): void;
  };
  readonly httpAdmin: RequestHandler;
  readonly httpNode: RequestHandler;
  readonly version: string | Promise<string>;
  readonly settings: { version?: string };
  runtime: {
    flows: {
      setFlows(options: {
        flows: { flows: unknown[] };
        deploymentType: string;
        user?: Record<string, unknown>;
      }): Promise<unknown>;
      getFlows(options: object): Promise<{ flows: Array<Record<string, unknown>> }>;
    };
    nodes: { getNodeList(options: object): Promise<Array<{ module?: string; types?: string[] }>> };
  };
}

export interface StackModules {
  nodeRed: NodeRed;
  createApp: () => ExpressApp;
  version: string;
}

/** Loads Node-RED and Express from a stack's folder, whatever else is installed on the machine. */
export function loadStack(stackFolder: string): StackModules {
  const require = createRequire(join(stackFolder, 'package.json'));
  const { version } = require('node-red/package.json');
  // Node-RED brings Express; where the stack has another one beside it, Node-RED's own fits its handlers.
  const fromNodeRed = createRequire(require.resolve('node-red/package.json'));
  return { nodeRed: require('node-red'), createApp: fromNodeRed('express'), version };
}

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');

/** The folder of another Node-RED than that of this repository, for tests of our packages. */
export const STACK = process.env.FLOWYARD_TEST_STACK;

const stack = STACK ?? ROOT;
const ownNode = join(stack, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node');

/** Loads from the Node-RED that is tested. */
export const requireOfNodeRed = createRequire(join(stack, 'package.json'));

/** The Node.js that runs it: its own where it needs a newer one. */
export const NODE_OF_NODE_RED = existsSync(ownNode) ? ownNode : process.execPath;

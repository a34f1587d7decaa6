#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

// The agent is idle nearly always and shares small machines with the flows: it trades speed that nobody would
// notice for memory. The flags count only for code that is loaded after them.
for (const flag of ['--optimize-for-size', '--max-semi-space-size=1', '--no-opt']) {
  setFlagsFromString(flag);
}
await import('./cli.ts');

import path from 'node:path';
import { answeringFlows } from '../../../integration/device-agent/support/flows.ts';
import type { Fault } from '../fault.ts';

const clock = (name: string) => path.join(import.meta.dirname, '..', 'preload', name);

function withClock(name: string, file: string, quick?: true): Fault {
  return {
    name,
    ...(quick && { quick }),
    expected: { flows: 'three', snapshot: 'snap003', givenUp: null, 'given up before': 'snap002' },
    async run(site) {
      await site.restartAgent({ NODE_OPTIONS: `--require ${clock(file)}` });
      const flows = [
        ...answeringFlows('two'),
        { id: 'x1', type: 'no-such-type', z: 'tab1', x: 1, y: 1, wires: [] },
      ];
      site.target({ snapshot: site.plane.snapshot('snap002', { flows }) });
      await site.givesUp('snap002');
      site.target({ snapshot: site.snapshot('snap003', 'three') });
      await site.runs('snap003');
      return { 'given up before': 'snap002' };
    },
  };
}

export const CLOCK_FAULTS: Fault[] = [
  withClock('clock of the device a year behind', 'year-off.cjs'),
  withClock('clock of the device jumps by a year each second', 'jumping-clock.cjs', true),
];

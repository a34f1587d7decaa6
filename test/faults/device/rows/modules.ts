import type { FlowNode } from '@flowyard/protocol';
import { answeringFlows, crashingFlows } from '../../../integration/device-agent/support/flows.ts';
import type { Fault } from '../fault.ts';
import type { Site } from '../site.ts';

/** A module with one node whose file has this text. */
function nodeModule(site: Site, name: string, code: string): Record<string, string> {
  return site.registry.add(name, {
    description: { 'node-red': { nodes: { bad: 'bad.js' } } },
    files: { 'bad.js': code, 'bad.html': '' },
  });
}

const usingBad = (text: string) => [
  ...answeringFlows(text),
  { id: 'bad1', type: 'bad', z: 'tab1', x: 1, y: 1, wires: [] },
];

/** Flows that answer, and end Node-RED a second after their start. */
function lateCrash(text: string): unknown[] {
  const initialize = 'setTimeout(() => Promise.reject(new Error("the valve jams")), 1500);';
  return [
    ...answeringFlows(text),
    { id: 'fn9', type: 'function', z: 'tab1', x: 1, y: 1, func: 'return msg;', initialize, wires: [[]] },
  ];
}

async function tryModules(site: Site, modules: Record<string, string>, ...args: string[]): Promise<void> {
  await site.restartAgent(site.registry.environment(), ...args);
  site.target({
    snapshot: site.plane.snapshot('snap002', { flows: usingBad('two') as FlowNode[], manifest: { modules } }),
  });
}

const stays = { flows: 'one', snapshot: 'snap001', givenUp: 'snap002' } as const;

export const MODULE_FAULTS: Fault[] = [
  {
    name: 'module that does not exist',
    expected: { ...stays, reason: /no-such-part/, gap: 0 },
    async run(site) {
      await tryModules(site, { 'no-such-part': '1.0.0' });
      await site.givesUp('snap002');
      return {};
    },
  },
  {
    name: 'module that does not compile',
    expected: { ...stays, reason: /no C compiler here/, gap: 0 },
    async run(site) {
      const modules = site.registry.add('flowyard-native', {
        description: { scripts: { install: 'echo no C compiler here >&2; exit 1' } },
      });
      await tryModules(site, modules, '--allow-scripts');
      await site.givesUp('snap002');
      return {};
    },
  },
  {
    name: 'module that needs its install script, then scripts are allowed and it is tried again',
    expected: { flows: 'two', snapshot: 'snap002', givenUp: null, 'given up without scripts': 'snap002' },
    async run(site) {
      const modules = site.registry.add('flowyard-native', {
        description: { scripts: { install: 'cp part.js bad.js' }, 'node-red': { nodes: { bad: 'bad.js' } } },
        files: {
          'part.js':
            'module.exports = (RED) => RED.nodes.registerType("bad", function (c) { RED.nodes.createNode(this, c); });',
          'bad.html': '',
        },
      });
      await tryModules(site, modules);
      await site.givesUp('snap002');
      const before = await site.facts();
      const trial = { stableSeconds: 1, startSeconds: 60, allowScripts: true, probe: null };
      site.target({ trial, retries: 1 });
      await site.runs('snap002');
      return { 'given up without scripts': before.givenUp };
    },
  },
  {
    name: 'module that crashes when it is loaded',
    expected: { ...stays, reason: /no such pump/, gap: { atMost: 30 } },
    async run(site) {
      const code = 'setImmediate(() => { throw new Error("no such pump"); }); module.exports = () => {};';
      await tryModules(site, nodeModule(site, 'flowyard-crashing', code));
      await site.givesUp('snap002');
      return {};
    },
  },
  {
    name: 'module that hangs when it is loaded',
    expected: { ...stays, reason: /did not start within 5 seconds/, gap: { atMost: 30 } },
    async run(site) {
      await tryModules(site, nodeModule(site, 'flowyard-hanging', 'for (;;);'), '--start-seconds', '5');
      await site.givesUp('snap002');
      return {};
    },
  },
  {
    name: 'flows that crash at once',
    expected: { ...stays, reason: /the pump is on fire/, gap: { atMost: 30 } },
    async run(site) {
      site.target({ snapshot: site.plane.snapshot('snap002', { flows: crashingFlows() }) });
      await site.givesUp('snap002');
      return {};
    },
  },
  {
    name: 'flows that crash again and again after they were found good',
    expected: { ...stays, reason: /found good and crashed later.*the valve jams/s, 'was kept first': true },
    async run(site) {
      const flows = lateCrash('two') as FlowNode[];
      site.target({
        settings: { 'safety.crashes': 2 },
        snapshot: site.plane.snapshot('snap002', { flows }),
      });
      await site.runs('snap002');
      await site.givesUp('snap002');
      return { 'was kept first': true };
    },
  },
  {
    name: "flows that do not answer the person's own probe",
    quick: true,
    expected: { ...stays, reason: /probe of this device failed.*status 404/, gap: { atMost: 30 } },
    async run(site) {
      const trial = {
        stableSeconds: 1,
        startSeconds: 60,
        allowScripts: false,
        probe: { path: '/healthy', seconds: 2 },
      };
      site.target({ trial, snapshot: site.snapshot('snap002', 'two') });
      await site.givesUp('snap002');
      return {};
    },
  },
  {
    name: 'registry slow: ten seconds for each answer',
    expected: { flows: 'two', snapshot: 'snap002', givenUp: null, gap: { atMost: 10 } },
    async run(site) {
      site.registry.delayMs = 10_000;
      await site.restartAgent(site.registry.environment());
      site.target({ snapshot: site.snapshot('snap002', 'two', { modules: site.registry.module }) });
      await site.runs('snap002');
      return {};
    },
  },
  {
    name: 'registry gone, then there again',
    quick: true,
    expected: {
      flows: 'two',
      snapshot: 'snap002',
      givenUp: null,
      'flows meanwhile': 'one',
      'reason meanwhile': /registry cannot be reached/,
    },
    async run(site) {
      site.registry.isAway = true;
      await site.restartAgent(site.registry.environment());
      // Not the module of another row: the store may have that one.
      const modules = site.registry.add('flowyard-other-part', {});
      site.target({ snapshot: site.snapshot('snap002', 'two', { modules }) });
      await site.says(/registry cannot be reached/);
      const meanwhile = await site.facts();
      site.registry.isAway = false;
      await site.runs('snap002');
      return { 'flows meanwhile': meanwhile.flows, 'reason meanwhile': meanwhile.reason };
    },
  },
];

import type { DeviceCurrent } from '@flowyard/protocol';
import { Agent } from './agent.ts';
import { writeAgentLog } from './agent-log.ts';
import type { RunCommand } from './command-line.ts';
import { DamageWatch } from './damage-watch.ts';
import type { Phase } from './describe-current.ts';
import { Workspace } from './developer/workspace.ts';
import type { DeviceIdentity } from './device-file.ts';
import type { EmergencyEditor } from './emergency/emergency-editor.ts';
import { Executor } from './executor.ts';
import { FactsReader } from './facts-reader.ts';
import type { Journal } from './files/journal.ts';
import { linkTokenOf } from './launched-node-red.ts';
import type { NodeRedRunner } from './node-red-runner.ts';
import type { DevicePaths } from './paths.ts';
import { ReleaseBuilder } from './release/release-builder.ts';
import { Store } from './release/store.ts';
import { trialOptions } from './trial-options.ts';

interface Parts {
  command: RunCommand;
  paths: DevicePaths;
  identity: DeviceIdentity;
  journal: Journal;
  runner: NodeRedRunner;
  emergency: EmergencyEditor;
  onCurrent: (current: DeviceCurrent) => void;
}

/** Puts together what brings releases onto the disk and runs them. */
export function createAgent({ command, paths, identity, journal, runner, emergency, onCurrent }: Parts): {
  agent: Agent;
  workspace: Workspace;
} {
  const onPhase = (phase: Phase) => agent.setPhase(phase);
  const trial = () => trialOptions(command, agent.target, linkTokenOf(identity));
  const store = new Store({ folder: paths.store });
  const builder = new ReleaseBuilder({ paths, identity, store, onPhase });
  const workspace = new Workspace({ paths, builder, store });
  const ownsStore = command.store === null;
  const executor = new Executor({
    ...{ paths, journal, store, builder, workspace, runner },
    ...{ emergency, ownsStore, trial, onPhase },
  });
  const allowScripts = () => trial().allowScripts;
  const facts = new FactsReader({ paths, journal, builder, workspace, runner, emergency, allowScripts });
  const damage = new DamageWatch({ journal, facts, builder, store, runner, log: writeAgentLog });
  const agent: Agent = new Agent({
    journal,
    facts,
    damage,
    executor,
    runner,
    emergency,
    isEdited: () => workspace.isEdited,
    onCurrent,
    log: writeAgentLog,
  });
  return { agent, workspace };
}

import type { Agent } from '../agent.ts';
import type { AgentStatus } from '../commands/status.ts';
import { examine } from '../doctor/doctor.ts';
import type { EmergencyEditor } from '../emergency/emergency-editor.ts';
import { isEmergency } from '../emergency/plan-emergency.ts';
import type { NodeRedRunner } from '../node-red-runner.ts';
import type { LocalSource } from './local-page.ts';

interface Parts {
  folder: string;
  port: number;
  agent: Agent;
  nodeRed: NodeRedRunner & { editorAddress(): { host: string; port: number } | null };
  emergency: EmergencyEditor;
  status: () => Omit<AgentStatus, 'at'>;
}

/** What the local page shows and does, from the agent that runs. */
export function createLocalSource({ folder, port, agent, nodeRed, emergency, status }: Parts): LocalSource {
  const isOpen = () => isEmergency(emergency.facts, agent.target);
  return {
    deviceName: () => agent.target?.device.name ?? 'Flowyard device',
    status,
    releases: async () => {
      const { committed, before } = await agent.releases();
      return [
        ...(committed === null ? [] : [{ snapshot: committed.snapshot.name, role: 'current' as const }]),
        ...(before === null ? [] : [{ snapshot: before.snapshot.name, role: 'before' as const }]),
      ];
    },
    lastLines: (count) => nodeRed.lastLines(count),
    examine: () => examine({ folder, port }),
    rollBack: () => agent.rollBack(),
    emergency: () => {
      const { minutes } = emergency;
      const leftMs = isOpen() ? emergency.leftMs : null;
      return minutes === null ? null : { minutes, leftMs, isReady: nodeRed.editorAddress() !== null };
    },
    openEmergencyEditor: () => agent.openEmergencyEditor(),
    endEmergencyEditor: () => agent.endEmergencyEditor(),
    wayToEditor: () =>
      isOpen() ? { address: nodeRed.editorAddress(), identity: emergency.identity() } : null,
  };
}

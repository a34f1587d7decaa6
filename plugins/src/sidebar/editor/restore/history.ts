import type { FlowNode } from '@flowyard/protocol';
import { editor } from '../node-red';

/** What the editor compares at a deploy, as of its last one; null before any of ours. */
let deployed: FlowNode[] | null = null;

/** Node-RED hands it on to what undoes and redoes a change, by which ours are told from others. */
function afterOurs(): void {
  if (deployed !== null) {
    // The import of an undo has taken its place.
    editor.nodes.originalFlow(deployed);
  }
}

/** Makes it one change that undo takes back, which leaves alone what the editor knows of the runtime. */
export function pushReplacement(event: Record<string, unknown>, known: FlowNode[] | null): void {
  deployed = known;
  editor.history.push({ ...event, callback: afterOurs });
}

/**
 * Undo gives the editor the revision back that it had when the flows were replaced. After a deploy that is an old one,
 * with which the next deploy would be refused as if somebody else had deployed.
 */
export function keepUndoDeployable(): void {
  editor.events.on('deploy', () => {
    deployed = editor.nodes.originalFlow();
    for (const event of [...editor.history.list(), ...editor.history.listRedo()]) {
      if (event.callback === afterOurs) {
        event.rev = editor.nodes.version();
      }
    }
  });
}

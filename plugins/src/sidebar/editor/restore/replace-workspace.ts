import type { FlowNode, FlowsComparison } from '@flowyard/protocol';
import { type EditorNode, editor } from '../node-red';
import { pushReplacement } from './history';

/** Flags by the id of a node, as the editor's history keeps them. */
type Flags = Record<string, boolean | undefined>;

function find(id: string): EditorNode | null {
  const { nodes } = editor;
  return (
    nodes.node(id) ??
    nodes.group(id) ??
    nodes.junction(id) ??
    nodes.workspace(id) ??
    nodes.subflow(id) ??
    null
  );
}

/** Whether the nodes show that they were changed or moved since the last deploy. */
function flagsOf(flows: readonly FlowNode[]): { changed: Flags; moved: Flags } {
  const changed: Flags = {};
  const moved: Flags = {};
  for (const { id } of flows) {
    const node = find(id);
    if (node?.changed) {
      changed[id] = true;
    }
    if (node?.moved) {
      moved[id] = true;
    }
  }
  return { changed, moved };
}

/**
 * Puts other flows into the editor in place of all that is there, as one change that undo takes back. Nothing is
 * deployed. `difference` tells which nodes are to show that they are not deployed.
 */
export function replaceWorkspace(flows: readonly FlowNode[], difference: FlowsComparison): void {
  const { nodes } = editor;
  const shown = editor.workspaces.active();
  const config = nodes.createCompleteNodeSet();
  const deployed = nodes.originalFlow();
  const event = {
    t: 'replace',
    complete: true,
    config,
    ...flagsOf(config),
    dirty: nodes.dirty(),
    rev: nodes.version(),
  };
  nodes.clear();
  try {
    importAll(flows);
  } catch (error) {
    nodes.clear();
    importAll(config);
    restoreFlags(event);
    finish(deployed, shown, event.dirty);
    throw error;
  }
  pushReplacement(event, deployed);
  markChanges(difference);
  finish(deployed, shown, true);
}

function importAll(flows: readonly FlowNode[]): void {
  const copy = structuredClone([...flows]);
  // Told to be imported as they are, so that two subflows that are alike stay two.
  const importMap = Object.fromEntries(
    copy.filter(({ type }) => type === 'subflow').map(({ id }) => [id, 'import' as const]),
  );
  editor.nodes.import(copy, { importMap });
  // The marks of the import say nothing; what is not deployed is marked afterwards.
  editor.nodes.dirty(false);
}

/** A locked flow refuses changes, its own marks among them. */
function withUnlocked(flowIds: Iterable<string>, act: () => void): void {
  const locked = [...new Set(flowIds)].map(find).filter((flow) => flow?.locked);
  for (const flow of locked) {
    (flow as EditorNode).locked = false;
  }
  act();
  for (const flow of locked) {
    (flow as EditorNode).locked = true;
  }
}

function restoreFlags({ changed, moved }: { changed: Flags; moved: Flags }): void {
  const ids = [...Object.keys(changed), ...Object.keys(moved)];
  withUnlocked(
    ids.map((id) => find(id)?.z ?? id),
    () => {
      for (const id of ids) {
        const node = find(id);
        if (node !== null) {
          Object.assign(node, changed[id] && { changed: true }, moved[id] && { moved: true });
        }
      }
    },
  );
}

function markChanges({ flows }: FlowsComparison): void {
  const all = flows.flatMap(({ nodes }) => nodes).filter(({ change }) => change !== 'removed');
  const flags = (isMoved: boolean): Flags =>
    Object.fromEntries(
      all.filter(({ change }) => (change === 'moved') === isMoved).map(({ id }) => [id, true]),
    );
  restoreFlags({ changed: flags(false), moved: flags(true) });
}

function finish(deployed: FlowNode[] | null, shown: string, isDirty: boolean): void {
  if (deployed !== null) {
    // With what the editor compares at a deploy: the import has taken its place.
    editor.nodes.originalFlow(deployed);
  }
  editor.nodes.dirty(isDirty);
  editor.view.redraw(true);
  editor.palette.refresh();
  editor.workspaces.refresh();
  if (find(shown) !== null) {
    editor.workspaces.show(shown, true);
  }
  editor.sidebar.config.refresh();
}

import type { FlowNode } from '@flowyard/protocol';
import { type DrawnNode, drawNode, drawPorts, LONGEST_LABEL } from './drawn-node.ts';
import { listOf, numberOf, textOf } from './node-values.ts';
import { curveOf, outputAt } from './wire-curve.ts';

export type { DrawnNode };

export interface DrawnGroup {
  id: string;
  label: string;
  /** Of its corner. */
  x: number;
  y: number;
  w: number;
  h: number;
  stroke: string | null;
  fill: string | null;
}

export interface DrawnWire {
  from: string;
  port: number;
  to: string;
  path: string;
  box: Box;
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** One tab or subflow as the editor would draw it. */
export interface Drawing {
  nodes: DrawnNode[];
  groups: DrawnGroup[];
  wires: DrawnWire[];
  bounds: Box;
}

const MARGIN = 60;

const COLOUR = /^#[0-9a-f]{3,8}$/i;

function drawGroup(group: FlowNode): DrawnGroup | null {
  const [x, y, w, h] = ['x', 'y', 'w', 'h'].map((property) => numberOf(group, property));
  if (x == null || y == null || w == null || h == null) {
    return null;
  }
  const style = (typeof group.style === 'object' && group.style !== null ? group.style : {}) as Record<
    string,
    unknown
  >;
  const colour = (value: unknown) => (typeof value === 'string' && COLOUR.test(value) ? value : null);
  const label = style.label === false ? '' : textOf(group, 'name').slice(0, LONGEST_LABEL);
  return { id: group.id, label, x, y, w, h, stroke: colour(style.stroke), fill: colour(style.fill) };
}

/** Draws one tab or subflow of a flow file. */
export function drawFlow(flows: readonly FlowNode[], flowId: string): Drawing {
  const subflowNames = new Map(
    flows.filter(({ type }) => type === 'subflow').map((node) => [node.id, textOf(node, 'name')]),
  );
  const nodes = new Map<string, DrawnNode>();
  const groups: DrawnGroup[] = [];
  const links: Array<[from: string, port: number, to: string]> = [];
  for (const node of flows) {
    if (node.id === flowId && node.type === 'subflow') {
      for (const port of drawPorts(node)) {
        nodes.set(port.node.id, port.node);
        links.push(...port.wires);
      }
    }
    if (node.z !== flowId) {
      continue;
    }
    const group = node.type === 'group' ? drawGroup(node) : null;
    const x = numberOf(node, 'x');
    const y = numberOf(node, 'y');
    if (group !== null) {
      groups.push(group);
    } else if (node.type !== 'group' && x !== null && y !== null) {
      nodes.set(node.id, drawNode(node, x, y, subflowNames));
      listOf(node.wires).forEach((targets, port) => {
        for (const target of listOf(targets)) {
          links.push([node.id, port, String(target)]);
        }
      });
    }
  }
  const wires = links.flatMap(([from, port, to]) => drawWire(nodes, from, port, to));
  const drawn = [...nodes.values()];
  return { nodes: drawn, groups, wires, bounds: boundsOf(drawn, groups) };
}

function drawWire(
  nodes: ReadonlyMap<string, DrawnNode>,
  from: string,
  port: number,
  to: string,
): DrawnWire[] {
  const start = nodes.get(from);
  const end = nodes.get(to);
  if (start === undefined || end === undefined) {
    return [];
  }
  const a = outputAt(start, port);
  const b = { x: end.x - end.w / 2, y: end.y };
  const box = {
    left: Math.min(a.x, b.x) - MARGIN,
    right: Math.max(a.x, b.x) + MARGIN,
    top: Math.min(a.y, b.y) - MARGIN,
    bottom: Math.max(a.y, b.y) + MARGIN,
  };
  return [{ from, port, to, path: curveOf(a, b), box }];
}

export function boxOf({ x, y, w, h }: Pick<DrawnNode, 'x' | 'y' | 'w' | 'h'>): Box {
  return { left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2 };
}

function boundsOf(nodes: DrawnNode[], groups: DrawnGroup[]): Box {
  const bounds = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  const take = ({ left, right, top, bottom }: Box) => {
    bounds.left = Math.min(bounds.left, left);
    bounds.right = Math.max(bounds.right, right);
    bounds.top = Math.min(bounds.top, top);
    bounds.bottom = Math.max(bounds.bottom, bottom);
  };
  for (const node of nodes) {
    take(boxOf(node));
  }
  for (const { x, y, w, h } of groups) {
    take({ left: x, right: x + w, top: y, bottom: y + h });
  }
  return nodes.length + groups.length === 0 ? { left: 0, right: 400, top: 0, bottom: 200 } : bounds;
}

import type { FlowNode } from '@flowyard/protocol';

/** Properties of nodes can be anything; these read what is drawn of them. */

const FARTHEST = 100_000;

export function textOf(node: FlowNode, property: string): string {
  const value = Object.hasOwn(node, property) ? node[property] : undefined;
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

export function numberOf(node: object, property: string): number | null {
  const value = Object.hasOwn(node, property) ? (node as Record<string, unknown>)[property] : undefined;
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.max(-FARTHEST, Math.min(FARTHEST, value))
    : null;
}

export function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

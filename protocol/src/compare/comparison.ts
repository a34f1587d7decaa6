import { z } from 'zod';

/** Some lines of two texts, numbered as in each; lines start with ` `, `-` or `+` as in a unified diff. */
export const TextHunk = z.object({
  beforeStart: z.number().int(),
  afterStart: z.number().int(),
  lines: z.array(z.string()),
});
export type TextHunk = z.infer<typeof TextHunk>;

/** A property of a node that differs. */
export const PropertyChange = z.object({
  name: z.string(),
  /** Absent where the node does not have it, or where it is too large; a large one has its size below. */
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** Characters, as JSON for what is no text; null where the node does not have it. */
  beforeSize: z.number().int().nullable(),
  afterSize: z.number().int().nullable(),
  /** What the value stands for, where it is the id of a node. */
  beforeName: z.string().optional(),
  afterName: z.string().optional(),
  /** Line by line, for texts of several lines and for lists and objects; null for others, and beyond a size. */
  hunks: z.array(TextHunk).nullable(),
});
export type PropertyChange = z.infer<typeof PropertyChange>;

/** One end of a wire. */
export const WireEnd = z.object({ id: z.string(), name: z.string(), port: z.number().int() });
export type WireEnd = z.infer<typeof WireEnd>;

/** A wire, or a link between link nodes, that is there only once. */
export const WireChange = z.object({
  change: z.enum(['added', 'removed']),
  kind: z.enum(['wire', 'link']),
  from: WireEnd,
  to: WireEnd,
});
export type WireChange = z.infer<typeof WireChange>;

/** A node that is in a group only once. */
export const MemberChange = z.object({
  change: z.enum(['added', 'removed']),
  id: z.string(),
  name: z.string(),
});
export type MemberChange = z.infer<typeof MemberChange>;

export const Place = z.object({
  x: z.number().nullable(),
  y: z.number().nullable(),
  w: z.number().nullable(),
  h: z.number().nullable(),
});
export type Place = z.infer<typeof Place>;

/** A tab or subflow; null for nodes that are on none. */
export const FlowRef = z.object({ id: z.string().nullable(), name: z.string() });
export type FlowRef = z.infer<typeof FlowRef>;

export const NodeChange = z.object({
  /** `moved`: nothing but its place, or the flow that it is on, differs. */
  change: z.enum(['added', 'removed', 'changed', 'moved']),
  id: z.string(),
  type: z.string(),
  /** What people call it; its type where it has no name. */
  name: z.string(),
  kind: z.enum(['tab', 'subflow', 'group', 'config', 'node']),
  properties: z.array(PropertyChange),
  wires: z.array(WireChange),
  members: z.array(MemberChange),
  place: z.object({ before: Place, after: Place }).nullable(),
  /** The flow that it was on before and is on now; null where it is the same. */
  flow: z.object({ before: FlowRef, after: FlowRef }).nullable(),
});
export type NodeChange = z.infer<typeof NodeChange>;

/** What differs on one tab, in one subflow, or among the nodes that are on none. */
export const FlowChanges = z.object({
  /** Null for nodes that are on no flow: configuration nodes that all flows use. */
  id: z.string().nullable(),
  name: z.string(),
  kind: z.enum(['tab', 'subflow', 'global', 'missing']),
  nodes: z.array(NodeChange),
});
export type FlowChanges = z.infer<typeof FlowChanges>;

export const ChangeCounts = z.object({
  added: z.number().int(),
  removed: z.number().int(),
  changed: z.number().int(),
  moved: z.number().int(),
});
export type ChangeCounts = z.infer<typeof ChangeCounts>;

/** What differs between two flow files, in the order of their flows. The first entry of a flow is the flow itself. */
export const FlowsComparison = z.object({
  counts: ChangeCounts,
  flows: z.array(FlowChanges),
  /** Whether the tabs that both have come in another order. */
  tabsReordered: z.boolean(),
});
export type FlowsComparison = z.infer<typeof FlowsComparison>;

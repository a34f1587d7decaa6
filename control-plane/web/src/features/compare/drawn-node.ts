import type { FlowNode } from '@flowyard/protocol';
import { hasInput, lookOf } from './node-looks.ts';
import { listOf, numberOf, textOf } from './node-values.ts';

/** Something on the canvas, with the middle of it at x and y, as in flow files. */
export interface DrawnNode {
  id: string;
  type: string;
  shape: 'node' | 'small' | 'junction' | 'port';
  label: string;
  colour: string;
  icon: string;
  x: number;
  y: number;
  w: number;
  h: number;
  hasInput: boolean;
  outputs: number;
  disabled: boolean;
}

const HEIGHT = 30;
const WIDTH = 100;
const SMALL = 30;
const JUNCTION = 10;
export const PORT_SPACE = 15;
const MOST_OUTPUTS = 200;
export const LONGEST_LABEL = 80;

/** What is written on a node: its name, else what the editor makes of its properties. */
export function labelOf(node: FlowNode, subflowNames: ReadonlyMap<string, string> = new Map()): string {
  return (textOf(node, 'name') || usualLabel(node, subflowNames)).slice(0, LONGEST_LABEL);
}

function usualLabel(node: FlowNode, subflowNames: ReadonlyMap<string, string>): string {
  if (node.type.startsWith('subflow:')) {
    return subflowNames.get(node.type.slice('subflow:'.length)) ?? 'subflow';
  }
  switch (node.type) {
    case 'mqtt in':
    case 'mqtt out':
    case 'inject':
      return textOf(node, 'topic') || node.type.replace(/^mqtt.*/, 'mqtt');
    case 'http in':
      return `[${textOf(node, 'method') || 'get'}] ${textOf(node, 'url')}`;
    case 'http response':
      return `http${textOf(node, 'statusCode') && ` (${textOf(node, 'statusCode')})`}`;
    default:
      return textOf(node, 'label') || node.type;
  }
}

/** About as wide as the text is on the screen; drawing must not depend on a browser. */
function widthOfText(text: string): number {
  let width = 0;
  for (const letter of text) {
    width += /[iljtfr.,:;'|!() [\]]/.test(letter)
      ? 4.2
      : /[mwMW@%]/.test(letter)
        ? 11
        : /[A-Z_]/.test(letter)
          ? 8.8
          : 7.4;
  }
  return width;
}

export function drawNode(
  node: FlowNode,
  x: number,
  y: number,
  subflowNames: ReadonlyMap<string, string>,
): DrawnNode {
  const { colour, icon } = lookOf(node.type);
  const isLink = node.type === 'link in' || node.type === 'link out';
  const isSmall = node.l === false || (isLink && node.l !== true);
  const label = labelOf(node, subflowNames);
  const outputs = Math.min(MOST_OUTPUTS, Math.max(listOf(node.wires).length, numberOf(node, 'outputs') ?? 0));
  const base = { id: node.id, type: node.type, label, colour, icon, x, y, disabled: node.d === true };
  if (node.type === 'junction') {
    return { ...base, shape: 'junction', w: JUNCTION, h: JUNCTION, hasInput: true, outputs: 1 };
  }
  const input = hasInput(node.type);
  return {
    ...base,
    shape: isSmall ? 'small' : 'node',
    w: isSmall ? SMALL : Math.max(WIDTH, 20 * Math.ceil((widthOfText(label) + 50 + (input ? 7 : 0)) / 20)),
    h: Math.max(HEIGHT, outputs * PORT_SPACE),
    hasInput: input,
    outputs: node.type === 'link out' ? 0 : outputs,
  };
}

/** The inputs, outputs and status of a subflow are drawn in it as things of their own. */
export function drawPorts(
  subflow: FlowNode,
): Array<{ node: DrawnNode; wires: Array<[from: string, port: number, to: string]> }> {
  const ports = [
    ...listOf(subflow.in).map((entry, index) => ({
      entry,
      id: `${subflow.id}:in:${index}`,
      label: `input ${index + 1}`,
      isInput: true,
    })),
    ...listOf(subflow.out).map((entry, index) => ({
      entry,
      id: `${subflow.id}:out:${index}`,
      label: `output ${index + 1}`,
      isInput: false,
    })),
    { entry: subflow.status, id: `${subflow.id}:status`, label: 'status', isInput: false },
  ];
  return ports.flatMap(({ entry, id, label, isInput }) => {
    if (typeof entry !== 'object' || entry === null) {
      return [];
    }
    const wires = listOf((entry as { wires?: unknown }).wires).flatMap((wire) => {
      const other = typeof wire === 'object' && wire !== null ? String((wire as { id?: unknown }).id) : '';
      const port = numberOf((wire ?? {}) as object, 'port') ?? 0;
      return other === ''
        ? []
        : [
            isInput
              ? ([id, 0, other] as [string, number, string])
              : ([other, port, id] as [string, number, string]),
          ];
    });
    const node: DrawnNode = {
      id,
      type: 'subflow port',
      shape: 'port',
      label,
      colour: '#eeeeee',
      icon: '',
      x: numberOf(entry, 'x') ?? 0,
      y: numberOf(entry, 'y') ?? 0,
      w: 60,
      h: 40,
      hasInput: !isInput,
      outputs: isInput ? 1 : 0,
      disabled: false,
    };
    return [{ node, wires }];
  });
}

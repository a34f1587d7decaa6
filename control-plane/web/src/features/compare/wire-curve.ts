import { type DrawnNode, PORT_SPACE } from './drawn-node.ts';

/** Where the output `port` of a node is. */
export function outputAt(node: DrawnNode, port: number): { x: number; y: number } {
  const first = node.y - ((node.outputs - 1) / 2) * PORT_SPACE;
  const at = Math.max(0, Math.min(node.outputs - 1, port));
  return { x: node.x + node.w / 2, y: node.outputs > 1 ? first + at * PORT_SPACE : node.y };
}

/** A curve that leaves to the right and arrives from the left; one that leads back goes around. */
export function curveOf(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const across = to.x - from.x;
  const down = to.y - from.y;
  if (across > 0) {
    const pull = Math.min(75, Math.hypot(across, down) * 0.5);
    return `M${from.x} ${from.y}C${from.x + pull} ${from.y} ${to.x - pull} ${to.y} ${to.x} ${to.y}`;
  }
  const side = down < 0 ? -1 : 1;
  const middle = {
    x: (from.x + to.x) / 2,
    y: Math.abs(down) > 60 ? (from.y + to.y) / 2 : (from.y + to.y) / 2 + 50 * side,
  };
  const pull = 60;
  return `M${from.x} ${from.y}C${from.x + pull} ${from.y} ${from.x + pull} ${middle.y} ${middle.x} ${middle.y}S${to.x - pull} ${to.y} ${to.x} ${to.y}`;
}

import type { NodeAPI } from 'node-red';
import { registerLinkCall } from './link-call';
import { registerLinkIn } from './link-in';
import { registerLinkOut } from './link-out';

export default function register(RED: NodeAPI): void {
  registerLinkIn(RED);
  registerLinkOut(RED);
  registerLinkCall(RED);
}

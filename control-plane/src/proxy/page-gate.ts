import type { IncomingMessage } from 'node:http';
import type { ProxiedInstance } from './editor-sign-in.ts';

/** How the proxy finds out who may open the HTTP pages of an instance. Whoever may open its editor may do so anyway. */
export interface PageGate {
  decide(request: IncomingMessage, instance: ProxiedInstance, isFromOwnPages: boolean): Promise<PageVerdict>;
  /** Whether the process of the instance answers with an editor. */
  hasEditor(instance: ProxiedInstance): Promise<boolean>;
}

export type PageVerdict =
  /** `spent`: the Authorization header was for us, and flows do not see it. */
  | { kind: 'pass'; spent: boolean }
  | { kind: 'ask'; how: 'password' | 'token' }
  /** On the page of the control plane. */
  | { kind: 'sign-in' }
  | { kind: 'wait'; seconds: number };

/** For tests and where nothing is protected. */
export const OPEN_PAGES: PageGate = {
  decide: async () => ({ kind: 'pass', spent: false }),
  hasEditor: async () => true,
};

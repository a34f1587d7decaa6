const DEPLOYS: ReadonlySet<string> = new Set(['flows.set', 'flow.add', 'flow.update', 'flow.remove']);

/** What the audit plugin in Node-RED tells, as the device tells it; null for what it does not tell. */
export function readEditorEvent(
  event: string,
  details: Record<string, unknown>,
): { event: string; details: Record<string, unknown> } | null {
  if (!('username' in details)) {
    return null;
  }
  return DEPLOYS.has(event)
    ? { event: 'flows-deployed', details }
    : { event: 'editor-changed', details: { ...details, what: event } };
}

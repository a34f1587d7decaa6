import type { RuntimeHost } from '@flowyard/protocol';

/** What somebody did that the others should be able to find out. Reading and the editor's own settings are not. */
const RECORDED: ReadonlySet<string> = new Set([
  'flows.set',
  'flow.add',
  'flow.update',
  'flow.remove',
  'nodes.install',
  'nodes.remove',
  'nodes.info.set',
  'nodes.module.set',
  'library.set',
  'context.delete',
  'permission.fail',
]);

/** Told beside who and when; other fields may hold whole flows. */
const DETAILS = ['type', 'id', 'module', 'version', 'enabled', 'path', 'error', 'message', 'permissions'];

/** Tells what people do in the editor, with who they are. Source of the events: Node-RED's runtime/lib/api. */
export function createAuditHandler(host: RuntimeHost): (message: Record<string, unknown>) => void {
  return (message) => {
    const { event, user } = message;
    if (typeof event !== 'string' || !RECORDED.has(event)) {
      return;
    }
    const person = user as { username?: string; userId?: string } | undefined;
    // Flows that were changed elsewhere and are only applied here come without a person.
    if (!person && event !== 'permission.fail') {
      return;
    }
    const details = Object.fromEntries(
      DETAILS.filter((name) => message[name] !== undefined).map((name) => [name, message[name]]),
    );
    host.emit(event, { ...details, userId: person?.userId ?? null, username: person?.username ?? null });
  };
}

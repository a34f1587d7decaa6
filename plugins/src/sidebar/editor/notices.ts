import { el } from './dom';

/** Says that something went wrong that the person had asked for. */
export function reportError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  RED.notify($(el('span', { role: 'alert' }, message)), { type: 'error', timeout: 8000 });
}

/** Says that something has been done. */
export function reportDone(text: string, timeout = 4000): void {
  RED.notify($(el('span', { role: 'status' }, text)), { type: 'success', timeout });
}

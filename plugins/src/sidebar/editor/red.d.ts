import type { EditorRED } from 'node-red';

declare global {
  /** Node-RED's editor. */
  const RED: EditorRED;
}

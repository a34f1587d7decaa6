import type { Role } from '@flowyard/protocol';

/** What each role may do, in one line, strongest first. */
export const ROLE_CHOICES: ReadonlyArray<{ value: Role; text: string }> = [
  { value: 'owner', text: 'everything in the team, also people and deletion' },
  { value: 'member', text: 'edits flows, takes snapshots, pushes to stages that are not protected' },
  { value: 'viewer', text: 'sees everything; the editor is read-only' },
  { value: 'dashboard', text: 'only opens the pages that flows serve' },
];

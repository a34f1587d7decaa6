const FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk of this Node-RED is full. Free some space on it.',
  EDQUOT: 'The disk of this Node-RED is full: its quota is used up. Free some space on it.',
  EROFS: 'The disk of this Node-RED cannot be written to: its file system is read-only.',
  EIO: 'The disk of this Node-RED fails: reading or writing gave an error. Replace it.',
};

/** What is wrong with the disk and what to do, for people. */
export function diskFault(error: unknown): string {
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  return FAULTS[code] ?? `The disk of this Node-RED gave an error: ${message}.`;
}

/** The message is not on the disk; the text is for people. */
export class NotKeptError extends Error {
  override name = 'NotKeptError';

  constructor(cause: unknown) {
    super(`The message could not be kept, and will not be sent later. ${diskFault(cause)}`, { cause });
  }
}

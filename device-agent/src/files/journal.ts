import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from './atomic-file.ts';
import { diskFault } from './disk.ts';

/** One concern of the agent that must survive a power cut, with the check of what is read back. */
export interface JournalEntry<T> {
  name: string;
  /** Throws when the value is not what this version of the agent understands. */
  parse(value: unknown): T;
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('hex')}`;
}

function decode<T>(content: string, entry: JournalEntry<T>): T | null {
  const end = content.indexOf('\n');
  const body = content.slice(end + 1);
  if (end < 0 || digest(body) !== content.slice(0, end)) {
    return null;
  }
  try {
    return entry.parse(JSON.parse(body));
  } catch {
    return null;
  }
}

/**
 * Small files, one for each concern, each with a checksum and its previous copy. A file that a failing disk or a
 * power cut has damaged is never believed: its previous copy is taken, and without that the entry is missing.
 *
 * What cannot be written down, since the disk is full or read-only, is remembered until it can: the agent goes on,
 * and would know less after a power cut.
 */
export class Journal {
  readonly #folder: string;
  readonly #onDamage: (name: string) => void;
  readonly #unwritten = new Map<JournalEntry<unknown>, unknown>();
  #problem: string | null = null;

  constructor(folder: string, onDamage: (name: string) => void = () => {}) {
    this.#folder = folder;
    this.#onDamage = onDamage;
  }

  /** Why the agent knows things that are not on disk; null when all are. */
  get problem(): string | null {
    return this.#problem;
  }

  async read<T>(entry: JournalEntry<T>): Promise<T | null> {
    if (this.#unwritten.has(entry)) {
      return this.#unwritten.get(entry) as T | null;
    }
    for (const file of [this.#file(entry.name), this.#previous(entry.name)]) {
      const content = await readFile(file, 'utf8').catch(() => null);
      if (content === null) {
        continue;
      }
      const value = decode(content, entry);
      if (value !== null) {
        return value;
      }
      this.#onDamage(path.basename(file));
    }
    return null;
  }

  /** Null forgets the entry. */
  async #keep<T>(entry: JournalEntry<T>, value: T | null): Promise<void> {
    try {
      await (value === null ? this.#delete(entry) : this.#put(entry, value));
      this.#unwritten.delete(entry);
      this.#problem = this.#unwritten.size === 0 ? null : this.#problem;
    } catch (error) {
      this.#problem = diskFault(error);
      if (this.#problem === null) {
        throw error;
      }
      this.#unwritten.set(entry, value);
    }
  }

  write<T>(entry: JournalEntry<T>, value: T): Promise<void> {
    return this.#keep(entry, value);
  }

  remove(entry: JournalEntry<unknown>): Promise<void> {
    return this.#keep(entry, null);
  }

  /** Tries to write down what could not be before. */
  async catchUp(): Promise<void> {
    for (const [entry, value] of [...this.#unwritten]) {
      await this.#keep(entry, value);
    }
  }

  async #put<T>(entry: JournalEntry<T>, value: T): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const file = this.#file(entry.name);
    const old = await readFile(file, 'utf8').catch(() => null);
    // A damaged file must not replace the good copy before it.
    if (old !== null && decode(old, entry) !== null) {
      await rename(file, this.#previous(entry.name));
    }
    const body = JSON.stringify(value);
    await writeFileAtomically(file, `${digest(body)}\n${body}`, { mode: 0o600 });
  }

  /** The copy goes first: a power cut in between must not bring an older value back. */
  async #delete(entry: JournalEntry<unknown>): Promise<void> {
    await rm(this.#previous(entry.name), { force: true });
    await rm(this.#file(entry.name), { force: true });
  }

  #file(name: string): string {
    return path.join(this.#folder, `${name}.json`);
  }

  #previous(name: string): string {
    return path.join(this.#folder, `${name}.previous.json`);
  }
}

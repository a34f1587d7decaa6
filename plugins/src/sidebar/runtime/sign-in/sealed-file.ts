import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Person } from './person';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const MOST_PEOPLE = 500;

function errorCode(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

/**
 * Something for each person, kept across restarts. It is sealed with a key of this Node-RED together with the secret
 * of the person, so that neither a copied folder nor another person can use it.
 */
export class SealedFile<T> {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is kept; null when there is nothing, or nothing that can be read. */
  read(person: Person): T | null {
    const sealed = this.#readAll()[person.id];
    const key = this.#readKey();
    if (sealed === undefined || key === null) {
      return null;
    }
    try {
      const content = Buffer.from(sealed, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', keyFor(key, person), content.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(content.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = Buffer.concat([
        decipher.update(content.subarray(NONCE_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
      return JSON.parse(text.toString('utf8')) as T;
    } catch {
      // Written with another key, or damaged: the person signs in again.
      return null;
    }
  }

  write(person: Person, value: T): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const key = this.#readKey() ?? this.#makeKey();
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', keyFor(key, person), nonce);
    const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
    const sealed = Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
    const { [person.id]: _before, ...others } = this.#readAll();
    // The oldest go first: browsers that will not come back.
    const kept = Object.entries(others).slice(-(MOST_PEOPLE - 1));
    this.#replace(this.#file, JSON.stringify({ ...Object.fromEntries(kept), [person.id]: sealed }));
  }

  remove(person: Person): void {
    const { [person.id]: gone, ...others } = this.#readAll();
    if (gone !== undefined) {
      this.#replace(this.#file, JSON.stringify(others));
    }
  }

  get #file(): string {
    return join(this.#folder, 'sign-ins.json');
  }

  get #keyFile(): string {
    return join(this.#folder, 'key');
  }

  #readAll(): Record<string, string> {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, string>;
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) {
        return {};
      }
      throw error;
    }
  }

  #readKey(): Buffer | null {
    try {
      const key = readFileSync(this.#keyFile);
      return key.length === KEY_BYTES ? key : null;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') {
        return null;
      }
      throw error;
    }
  }

  #makeKey(): Buffer {
    const key = randomBytes(KEY_BYTES);
    this.#replace(this.#keyFile, key);
    return key;
  }

  /** All of it or nothing, also when the power fails. */
  #replace(file: string, content: string | Buffer): void {
    const next = `${file}.next`;
    writeFileSync(next, content, { mode: 0o600, flush: true });
    renameSync(next, file);
  }
}

function keyFor(key: Buffer, { secret }: Person): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), secret, KEY_BYTES));
}

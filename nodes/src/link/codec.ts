import { Packr } from 'msgpackr/pack';

/** Types are kept, and what refers to itself: `structuredClone` is the library's name for that. */
const packr = new Packr({ structuredClone: true, moreTypes: true, useRecords: true });

/** Of an HTTP request that a flow answers; nothing of it can travel. */
const BOUND_TO_PROCESS = ['req', 'res'] as const;
const MOST_DEPTH = 500;

/** The message cannot be sent; the text is for people. */
export class CodecError extends Error {
  override name = 'CodecError';
}

function isKept(value: object): boolean {
  return (
    value instanceof Date ||
    value instanceof RegExp ||
    value instanceof Error ||
    value instanceof ArrayBuffer ||
    ArrayBuffer.isView(value)
  );
}

/**
 * The data in a value: without functions and symbols, and with plain objects in place of those of a class, since a
 * class is code. What appears twice, also within itself, does so in the copy.
 */
class PlainCopy {
  readonly #copies = new Map<object, object>();

  of(value: unknown, depth = 0): unknown {
    if (typeof value !== 'object' || value === null) {
      return typeof value === 'function' || typeof value === 'symbol' ? undefined : value;
    }
    if (depth > MOST_DEPTH) {
      throw new CodecError(`The message is nested deeper than ${MOST_DEPTH} levels.`);
    }
    if (isKept(value)) {
      return value;
    }
    return this.#copies.get(value) ?? this.#copy(value, depth + 1);
  }

  #copy(value: object, depth: number): object {
    if (Array.isArray(value)) {
      const copy = this.#remember<unknown[]>(value, []);
      for (const item of value) {
        copy.push(this.of(item, depth));
      }
      return copy;
    }
    if (value instanceof Map) {
      const copy = this.#remember(value, new Map());
      for (const [key, item] of value) {
        copy.set(this.of(key, depth), this.of(item, depth));
      }
      return copy;
    }
    if (value instanceof Set) {
      const copy = this.#remember(value, new Set());
      for (const item of value) {
        copy.add(this.of(item, depth));
      }
      return copy;
    }
    const copy = this.#remember<Record<string, unknown>>(value, {});
    for (const [key, item] of Object.entries(value)) {
      if (typeof item !== 'function' && typeof item !== 'symbol' && key !== '__proto__') {
        copy[key] = this.of(item, depth);
      }
    }
    return copy;
  }

  #remember<T extends object>(value: object, copy: T): T {
    this.#copies.set(value, copy);
    return copy;
  }
}

/** The bytes of a message. @throws CodecError when it cannot travel */
export function encodeMessage(message: object): Uint8Array {
  const data = { ...message };
  for (const key of BOUND_TO_PROCESS) {
    delete (data as Record<string, unknown>)[key];
  }
  return packr.pack(new PlainCopy().of(data));
}

/** The message of those bytes. @throws CodecError when they are none */
export function decodeMessage(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = packr.unpack(bytes);
  } catch (error) {
    throw new CodecError(`What arrived is not a message: ${(error as Error).message}`);
  }
  // Lists, dates and the like are no messages by themselves.
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    throw new CodecError('What arrived is not a message.');
  }
  return value as Record<string, unknown>;
}

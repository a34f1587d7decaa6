import type { Entry } from './segment';

/** Entries in memory, by growing numbers. */
export class Backlog<T extends Entry> {
  #items: T[] = [];
  /** Items before this are gone: removing the first of a long array one by one is slow. */
  #start = 0;
  #bytes = 0;

  get size(): number {
    return this.#items.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#bytes += item.body.length;
  }

  /** The first one with a number above that. */
  after(number: number): T | undefined {
    let low = this.#start;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle]?.number ?? 0) > number) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return this.#items[low];
  }

  /** The first ones, up to so many bytes and at least one. */
  first(bytes: number): T[] {
    const found: T[] = [];
    let sum = 0;
    for (let index = this.#start; index < this.#items.length && (sum === 0 || sum < bytes); index += 1) {
      const item = this.#items[index] as T;
      found.push(item);
      sum += item.body.length;
    }
    return found;
  }

  /** Takes out all up to that number. */
  takeUpTo(number: number): T[] {
    const from = this.#start;
    while (this.#start < this.#items.length && (this.#items[this.#start] as T).number <= number) {
      this.#bytes -= (this.#items[this.#start] as T).body.length;
      this.#start += 1;
    }
    const taken = this.#items.slice(from, this.#start);
    if (this.#start > 1024 && this.#start * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return taken;
  }

  /** Takes out those for which the condition holds. */
  takeIf(condition: (item: T) => boolean): T[] {
    const all = this.#items.slice(this.#start);
    const taken = all.filter(condition);
    this.#items = all.filter((item) => !condition(item));
    this.#start = 0;
    this.#bytes -= taken.reduce((sum, { body }) => sum + body.length, 0);
    return taken;
  }
}

/** What was sent and not taken yet, in order. */
export class Flight {
  #sent: Array<{ number: number; bytes: number }> = [];
  #bytes = 0;

  get size(): number {
    return this.#sent.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The number that was sent last; 0 when nothing is on its way. */
  get last(): number {
    return this.#sent.at(-1)?.number ?? 0;
  }

  has(number: number): boolean {
    return this.#sent.some((one) => one.number === number);
  }

  add(number: number, bytes: number): void {
    this.#sent.push({ number, bytes });
    this.#bytes += bytes;
  }

  /** Takes out all up to that number. @returns how many */
  takeUpTo(number: number): number {
    const left = this.#sent.findIndex((one) => one.number > number);
    const taken = this.#sent.splice(0, left < 0 ? this.#sent.length : left);
    this.#bytes -= taken.reduce((sum, { bytes }) => sum + bytes, 0);
    return taken.length;
  }

  clear(): void {
    this.#sent = [];
    this.#bytes = 0;
  }
}

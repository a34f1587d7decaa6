/** What the relay did since the control plane was started. */
export class LinkFigures {
  messages = 0;
  bytes = 0;
  calls = 0;
  answers = 0;
  /** Messages that went back to wait at their sender, by the reason. */
  readonly notTaken = { away: 0, busy: 0, gap: 0 };
  /** What could not be sent at all, by the code of the error. */
  readonly refused = new Map<string, number>();

  refuse(code: string): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }
}

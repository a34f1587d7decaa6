import type { LinkAddress } from '@flowyard/protocol';
import type { LinkConnection } from './link-connection.ts';

/** A sender asks again by itself after a while; so more than this need not be remembered. */
const MOST_OF_ONE = 10_000;

/** Who wants to be told when a runtime listens, since messages wait for it. */
export class WaitingSenders {
  readonly #byTarget = new Map<string, Map<LinkConnection, Map<string, LinkAddress>>>();
  readonly #targetsOf = new Map<LinkConnection, Set<string>>();

  add(sender: LinkConnection, to: LinkAddress, targets: readonly string[]): void {
    const known = this.#targetsOf.get(sender) ?? new Set();
    this.#targetsOf.set(sender, known);
    for (const target of targets.slice(0, Math.max(0, MOST_OF_ONE - known.size))) {
      known.add(target);
      const senders = this.#byTarget.get(target) ?? new Map<LinkConnection, Map<string, LinkAddress>>();
      this.#byTarget.set(target, senders);
      senders.set(sender, (senders.get(sender) ?? new Map()).set(`${to.place}/${to.name}/${to.link}`, to));
    }
  }

  /** Tells all who wait for that runtime, once. */
  tell(target: string): void {
    const senders = this.#byTarget.get(target);
    this.#byTarget.delete(target);
    for (const [sender, addresses] of senders ?? []) {
      this.#targetsOf.get(sender)?.delete(target);
      for (const to of addresses.values()) {
        sender.send({ type: 'there', to });
      }
    }
  }

  forget(sender: LinkConnection): void {
    for (const target of this.#targetsOf.get(sender) ?? []) {
      const senders = this.#byTarget.get(target);
      senders?.delete(sender);
      if (senders?.size === 0) {
        this.#byTarget.delete(target);
      }
    }
    this.#targetsOf.delete(sender);
  }
}

import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import os from 'node:os';
import type { DeviceTarget, EditorIdentity } from '@flowyard/protocol';
import { bootId } from '../boot.ts';
import type { Journal } from '../files/journal.ts';
import type { DeviceFacts } from '../plan-steps.ts';
import { type Clock, EMERGENCY, leftOf, type Opening, openingFor, takenUp } from './opening.ts';
import type { EmergencyFacts } from './plan-emergency.ts';

const MINUTE_MS = 60_000;
/** So long what says who is at the editor is valid: for one request. */
const IDENTITY_SECONDS = 60;

interface Parts {
  deviceId: string;
  journal: Journal;
  /** For how long it is opened at once; null when it may not be opened at all. */
  minutes: number | null;
  /** It is over: there is something to do. */
  onOver: () => void;
}

/** Without a name of the system for it, each agent begins anew and believes the clock. */
function clockOfMachine(): Clock {
  return { now: Date.now, up: () => os.uptime() * 1000, boot: bootId() ?? randomUUID() };
}

/**
 * The editor that somebody at the machine opens while the control plane cannot be reached. That it is open, and until
 * when, is in the journal; what people edit is in the workspace, as in developer mode.
 */
export class EmergencyEditor {
  readonly #parts: Parts;
  readonly #clock = clockOfMachine();
  #opening: Opening | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** For how long it is opened at once; null when it may not be opened. */
  get minutes(): number | null {
    return this.#parts.minutes;
  }

  /** Null when it was not opened, or all of it is over. */
  get facts(): EmergencyFacts | null {
    const opening = this.#opening;
    return opening && { isOver: this.leftMs === 0, until: opening.until };
  }

  /** How long it stays open; 0 when it is not. */
  get leftMs(): number {
    // The plant may not want it any more since it was opened.
    return this.#opening === null || this.minutes === null ? 0 : leftOf(this.#opening, this.#clock);
  }

  /** Verifies who is at the editor (SPKI, PEM); null when it was not opened. */
  get identityKey(): string | null {
    const key = this.#opening?.key;
    return key === undefined ? null : createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  }

  /** Goes on with what an agent before this one has opened. */
  async takeUp(): Promise<void> {
    const opening = await this.#parts.journal.read(EMERGENCY);
    if (opening !== null) {
      await this.#keep(takenUp(opening, this.#clock));
    }
  }

  /** Opens it, or prolongs it from now on. */
  async open(): Promise<void> {
    const ms = (this.minutes ?? 0) * MINUTE_MS;
    await this.#keep(openingFor(ms, this.#opening?.key ?? newKey(), this.#clock));
  }

  async end(): Promise<void> {
    if (this.#opening !== null) {
      await this.#keep({ ...this.#opening, isEnded: true });
    }
  }

  /** What was edited is set aside: now it is over. */
  async forget(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#parts.journal.remove(EMERGENCY);
    this.#opening = null;
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  /** Says to Node-RED, by a signature, that the person at the machine may edit. */
  identity(): string {
    const identity: EditorIdentity = {
      userId: 'at-the-machine',
      username: 'at the machine',
      name: 'At the machine',
      role: 'member',
      instanceId: this.#parts.deviceId,
      expires: Math.floor(Date.now() / 1000) + IDENTITY_SECONDS,
    };
    const payload = Buffer.from(JSON.stringify(identity)).toString('base64url');
    const key = createPrivateKey(this.#opening?.key ?? '');
    return `${payload}.${sign(null, Buffer.from(payload), key).toString('base64url')}`;
  }

  async #keep(opening: Opening): Promise<void> {
    await this.#parts.journal.write(EMERGENCY, opening);
    this.#opening = opening;
    clearTimeout(this.#timer);
    this.#wait();
  }

  #wait(): void {
    const left = this.leftMs;
    if (left === 0) {
      this.#parts.onOver();
      return;
    }
    // It ends by the time that the machine was up, which timers need not follow to the millisecond.
    this.#timer = setTimeout(() => this.#wait(), Math.min(left + 1, MINUTE_MS));
  }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Why the emergency editor cannot be opened now; null when it can. */
export function whyNotOpen(target: DeviceTarget | null, facts: DeviceFacts | null): string | null {
  if (facts === null) {
    return 'The agent is just starting. Try again in a moment.';
  }
  const { emergency, developer, committed } = facts;
  if (target?.mode === 'developer' || (emergency === null && developer.hasWorkspace)) {
    return 'The device is in developer mode: its editor is opened on the platform.';
  }
  if (target !== null && target.desired !== 'running') {
    return `This device is to be ${target.desired}, as somebody chose on the platform: nothing runs that could be edited.`;
  }
  if (emergency?.isOver === true) {
    return 'It is just being ended. Try again in a moment.';
  }
  return committed === null ? 'There is no release on this device to begin with.' : null;
}

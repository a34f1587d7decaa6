import { AGENT_CAPABILITY, type AgentCommand, type LogLine } from '@flowyard/protocol';
import { AppError } from '../../errors.ts';
import type { AgentHub } from '../../relay/agent-hub.ts';
import { AgentRequests } from './agent-requests.ts';

type LogRequest = Omit<Extract<AgentCommand, { type: 'read-log' }>, 'type' | 'id'>;

const ANSWER_WITHIN_MS = 10_000;
/** More people at once than look at one device. */
const MOST_AT_ONCE = 8;

/** Logs of devices: the agent is asked for what it keeps; without it there is only what it sent last. */
export class DeviceLogService {
  readonly #hub: AgentHub;
  readonly #requests = new AgentRequests<LogLine[]>(ANSWER_WITHIN_MS);

  constructor(hub: AgentHub) {
    this.#hub = hub;
    hub.onLogLines((deviceId, id, lines) => this.#requests.answer(deviceId, id, lines));
  }

  async read(deviceId: string, { lines, level, search }: LogRequest): Promise<LogLine[]> {
    if (!this.#hub.can(deviceId, AGENT_CAPABILITY.readLog)) {
      return this.#hub.logs.recent(deviceId, lines);
    }
    if (this.#requests.countOf(deviceId) >= MOST_AT_ONCE) {
      throw new AppError(
        429,
        'device_busy',
        'Others search the log of this device now: try again in a moment.',
      );
    }
    return this.#requests.ask(
      deviceId,
      (id) =>
        this.#hub.send(deviceId, {
          type: 'read-log',
          id,
          lines,
          ...(level !== undefined && { level }),
          ...(search !== undefined && { search }),
        }),
      () =>
        new AppError(
          504,
          'device_silent',
          'The device did not send its log in time: look at its connection.',
        ),
    );
  }
}

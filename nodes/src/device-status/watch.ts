import type { DeviceView, LiveMessage, Page } from '@flowyard/protocol';
import { LiveClient } from '../shared/live-client';
import { callApi, type Platform } from '../shared/platform';
import { findPlace, type WatchedPlace } from '../shared/watched-place';
import { type DeviceFilter, type DeviceMessage, DeviceTracker } from './behaviour';

export interface WatchOptions {
  platform: Platform;
  filter: DeviceFilter;
  /** Whether to tell what devices are before anything changes. */
  initial: boolean;
  onMessage: (message: DeviceMessage) => void;
  onState: (
    state: 'connecting' | 'lost' | 'refused' | 'watching',
    devices: number,
    problem: string | null,
  ) => void;
}

const LIST_LIMIT = 200;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;

/** Watches devices: a full look after each connection, then each change. */
export class DeviceWatch {
  readonly #options: WatchOptions;
  readonly #tracker: DeviceTracker;
  #client: LiveClient | null = null;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #announceUnknown: boolean;
  #isClosed = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#announceUnknown = options.initial;
    this.#tracker = new DeviceTracker(options.filter);
    void this.#begin();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#client?.close();
  }

  /** Which application this is has to be asked, as often as it takes. */
  async #begin(): Promise<void> {
    this.#tell('connecting', null);
    try {
      const place = await findPlace(this.#options.platform);
      if (!this.#isClosed) {
        this.#connect(place);
      }
    } catch (error) {
      if (!this.#isClosed) {
        this.#failures += 1;
        this.#tell('lost', (error as Error).message);
        const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_WAIT_MS);
        this.#timer = setTimeout(() => void this.#begin(), wait / 2 + (wait / 2) * Math.random());
      }
    }
  }

  #connect(place: WatchedPlace): void {
    this.#client = new LiveClient({
      platform: this.#options.platform,
      topics: [place.topic],
      onMessage: (message) => this.#hear(message),
      onState: (state, problem) => {
        if (state === 'connected') {
          void this.#lookAtAll(place);
        } else {
          this.#tell(state, problem);
        }
      },
    });
  }

  /** What changed while there was no connection is found out by looking at all of them. */
  async #lookAtAll({ applicationId }: WatchedPlace): Promise<void> {
    if (applicationId === null) {
      // The topic of one device brings its value by itself.
      return;
    }
    const path = `/applications/${applicationId}/devices?limit=${LIST_LIMIT}`;
    try {
      let cursor = '';
      do {
        const page = await callApi<Page<DeviceView>>(this.#options.platform, 'GET', `${path}${cursor}`);
        for (const device of page.items) {
          this.#take(device);
        }
        cursor = page.nextCursor === null ? '' : `&cursor=${encodeURIComponent(page.nextCursor)}`;
      } while (cursor !== '' && !this.#isClosed);
      this.#lookedAtAll();
    } catch (error) {
      this.#tell('refused', (error as Error).message);
    }
  }

  /** From now on a device that was not known is one that has joined. */
  #lookedAtAll(): void {
    this.#announceUnknown = true;
    this.#tell('watching', null);
  }

  #hear(message: LiveMessage): void {
    if (message.type === 'error') {
      this.#tell('refused', message.error.message);
    } else if (message.type === 'change' && message.kind === 'device') {
      if (message.value === null) {
        this.#tracker.forget(message.id);
      } else {
        this.#take(message.value as DeviceView);
      }
      this.#tell('watching', null);
    } else if (message.type === 'value' && message.topic.startsWith('device/') && message.value !== null) {
      this.#take(message.value as DeviceView);
      this.#lookedAtAll();
    }
  }

  #take(device: DeviceView): void {
    const message = this.#tracker.take(device, { announceUnknown: this.#announceUnknown });
    if (message !== null && !this.#isClosed) {
      this.#options.onMessage(message);
    }
  }

  #tell(state: Parameters<WatchOptions['onState']>[0], problem: string | null): void {
    if (!this.#isClosed) {
      this.#options.onState(state, this.#tracker.size, problem);
    }
  }
}

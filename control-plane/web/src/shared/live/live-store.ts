import type { LiveMessage } from '@flowyard/protocol';
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { announceSignedOut } from '../api/client.ts';
import { LiveConnection } from './live-connection.ts';

export interface LiveListener {
  onMessage: (message: LiveMessage) => void;
  /**
   * The listener hears of all that changes from this moment on, by the clock of the page: what was asked for before may
   * miss something. Again after each reconnection.
   */
  onFollowed?: ((since: number) => void) | undefined;
}

interface Topic {
  listeners: Set<LiveListener>;
  /** Whether the server tells of all that changes. */
  isFollowed: boolean;
  /** The newest value, for listeners that come later: the server sends it only once for each subscription. */
  value: LiveMessage | null;
}

function liveUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`;
}

/** What the page follows live. Topics are counted: the first listener subscribes, the last one unsubscribes. */
export const useLive = defineStore('live', () => {
  const connected = ref(false);
  /** Whether a connection that was there is lost. */
  const interrupted = ref(false);
  /** Grows with each reconnection; what was loaded before may have missed changes. */
  const reconnections = ref(0);
  const topics = new Map<string, Topic>();

  const connection = new LiveConnection(liveUrl(), {
    onMessage(message) {
      const topic = message.topic === null ? undefined : topics.get(message.topic);
      if (topic === undefined) {
        return;
      }
      if (message.type === 'value') {
        topic.value = message;
      }
      const isNew = !topic.isFollowed && message.type !== 'error';
      topic.isFollowed ||= isNew;
      const since = performance.now();
      for (const listener of [...topic.listeners]) {
        listener.onMessage(message);
        if (isNew) {
          listener.onFollowed?.(since);
        }
      }
    },
    onOpen() {
      connected.value = true;
      if (interrupted.value) {
        interrupted.value = false;
        reconnections.value += 1;
      }
    },
    onDown() {
      connected.value = false;
      interrupted.value = true;
      for (const topic of topics.values()) {
        topic.isFollowed = false;
      }
    },
    onUnauthorized: announceSignedOut,
  });
  addEventListener('online', () => connection.hurry());

  /** Follows a topic until the returned function is called. */
  function subscribe(name: string, listener: LiveListener): () => void {
    const known = topics.get(name);
    const topic = known ?? { listeners: new Set(), isFollowed: false, value: null };
    topic.listeners.add(listener);
    if (known?.value) {
      listener.onMessage(known.value);
    }
    if (known?.isFollowed) {
      listener.onFollowed?.(performance.now());
    }
    if (!known) {
      topics.set(name, topic);
      connection.subscribe(name);
    }
    return () => {
      topic.listeners.delete(listener);
      if (topic.listeners.size === 0 && topics.get(name) === topic) {
        topics.delete(name);
        connection.unsubscribe(name);
      }
    };
  }

  /** Forgets everything, for example because somebody else signs in. */
  function reset(): void {
    topics.clear();
    connection.close();
    connected.value = false;
    interrupted.value = false;
  }

  return { connected, interrupted, reconnections, subscribe, reset };
});

import { onScopeDispose, watch } from 'vue';
import { type LiveListener, useLive } from './live-store.ts';

/** Follows a topic for as long as the component lives; null follows nothing. */
export function useTopic(
  topic: () => string | null,
  onMessage: LiveListener['onMessage'],
  onFollowed?: LiveListener['onFollowed'],
): void {
  const live = useLive();
  const listener = { onMessage, onFollowed };
  let leave = (): void => {};
  watch(
    topic,
    (name) => {
      leave();
      leave = name === null ? () => {} : live.subscribe(name, listener);
    },
    { immediate: true },
  );
  onScopeDispose(() => leave());
}

/** The same for several topics; those that stay are not left in between. */
export function useTopics(
  topics: () => readonly string[],
  onMessage: LiveListener['onMessage'],
  onFollowed?: LiveListener['onFollowed'],
): void {
  const live = useLive();
  const listener = { onMessage, onFollowed };
  const leaves = new Map<string, () => void>();
  watch(
    () => [...topics()],
    (names) => {
      for (const [name, leave] of leaves) {
        if (!names.includes(name)) {
          leave();
          leaves.delete(name);
        }
      }
      for (const name of names.filter((candidate) => !leaves.has(candidate))) {
        leaves.set(name, live.subscribe(name, listener));
      }
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    for (const leave of leaves.values()) {
      leave();
    }
  });
}

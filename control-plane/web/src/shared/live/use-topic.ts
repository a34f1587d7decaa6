import { onScopeDispose, watch } from 'vue';
import { type LiveListener, useLive } from './live-store.ts';

/** Follows a topic for as long as the component lives; null follows nothing. */
export function useTopic(topic: () => string | null, listener: LiveListener): void {
  const live = useLive();
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

import { type Ref, ref, shallowRef, watch } from 'vue';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { useLive } from './live-store.ts';
import { useTopic } from './use-topic.ts';

interface EntitySource<T> {
  id: () => string;
  topic: (id: string) => string;
  load: (id: string) => Promise<T>;
}

export interface LiveEntity<T> {
  value: Ref<T | null>;
  error: Ref<ApiError | null>;
  /** It was there and is no more, or may no longer be seen. */
  gone: Ref<boolean>;
  reload: () => Promise<void>;
}

/** One entity, loaded over HTTP (which says clearly what is wrong) and then kept up to date by its topic. */
export function useEntity<T extends object>(source: EntitySource<T>): LiveEntity<T> {
  const value = shallowRef<T | null>(null) as Ref<T | null>;
  const error = ref<ApiError | null>(null) as Ref<ApiError | null>;
  const gone = ref(false);
  const live = useLive();
  let heard = 0;

  async function reload(): Promise<void> {
    const id = source.id();
    const before = heard;
    try {
      const loaded = await source.load(id);
      // A change that came while the answer was under way is newer than the answer.
      if (id === source.id() && before === heard) {
        value.value = loaded;
        error.value = null;
      }
    } catch (thrown) {
      if (id === source.id()) {
        error.value = toApiError(thrown);
      }
    }
  }

  watch(
    source.id,
    () => {
      value.value = null;
      error.value = null;
      gone.value = false;
      void reload();
    },
    { immediate: true },
  );
  watch(() => live.reconnections, reload);
  useTopic(
    () => source.topic(source.id()),
    (message) => {
      if (message.type === 'value') {
        heard += 1;
        gone.value = message.value === null;
        value.value = (message.value as T | null) ?? value.value;
      }
    },
  );
  return { value, error, gone, reload };
}

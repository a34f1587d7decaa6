import { type Ref, ref, shallowRef, watch } from 'vue';
import { type ApiError, toApiError } from './api/api-error.ts';

export interface Loaded<T> {
  value: Ref<T | null>;
  error: Ref<ApiError | null>;
  loading: Ref<boolean>;
  reload: () => Promise<void>;
}

/** Something that is loaded once for each key and again on demand. */
export function useLoad<T>(key: () => string, load: () => Promise<T>): Loaded<T> {
  const value = shallowRef<T | null>(null) as Ref<T | null>;
  const error = ref<ApiError | null>(null) as Ref<ApiError | null>;
  const loading = ref(true);

  async function reload(): Promise<void> {
    const mine = key();
    loading.value = true;
    try {
      const loaded = await load();
      if (mine === key()) {
        value.value = loaded;
        error.value = null;
      }
    } catch (thrown) {
      if (mine === key()) {
        error.value = toApiError(thrown);
      }
    } finally {
      loading.value = false;
    }
  }

  watch(key, () => void reload(), { immediate: true });
  return { value, error, loading, reload };
}

import type { TimelineEntry, TimelineKind } from '@flowyard/protocol';
import { onScopeDispose, ref, watch } from 'vue';
import { type ApiError, toApiError } from '../../shared/api/api-error.ts';
import { useTopics } from '../../shared/live/use-topic.ts';

export interface TimelineRequest {
  limit: number;
  before?: string;
  kind?: TimelineKind;
}
export type LoadTimeline = (request: TimelineRequest) => Promise<{ items: TimelineEntry[]; more: boolean }>;

const PAGE = 50;
/** Many things are announced at once; the line is read again after the last of them. */
const PAUSE_MS = 800;

/** The line of something: its newest part is read again whenever something is announced. */
export function useTimeline(source: { key: () => string; load: LoadTimeline; topics: () => string[] }) {
  const items = ref<TimelineEntry[]>([]);
  const more = ref(false);
  const loading = ref(true);
  const error = ref<ApiError | null>(null);
  const kind = ref<TimelineKind | null>(null);
  let run = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function read(before: string | null): Promise<void> {
    run += 1;
    const mine = run;
    loading.value = true;
    try {
      const page = await source.load({
        limit: PAGE,
        ...(before !== null && { before }),
        ...(kind.value !== null && { kind: kind.value }),
      });
      if (mine === run) {
        take(page, before);
        error.value = null;
      }
    } catch (thrown) {
      if (mine === run) {
        error.value = toApiError(thrown) as ApiError;
      }
    } finally {
      if (mine === run) {
        loading.value = false;
      }
    }
  }

  function take(page: { items: TimelineEntry[]; more: boolean }, before: string | null): void {
    if (before !== null) {
      items.value = [...items.value, ...page.items];
      more.value = page.more;
      return;
    }
    const oldest = page.items.at(-1)?.id ?? '';
    const older = page.more ? items.value.filter(({ id }) => id < oldest) : [];
    items.value = [...page.items, ...older];
    more.value = older.length > 0 ? more.value : page.more;
  }

  watch(
    () => [source.key(), kind.value],
    () => {
      items.value = [];
      void read(null);
    },
    { immediate: true },
  );
  useTopics(source.topics, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void read(null), PAUSE_MS);
  });
  onScopeDispose(() => clearTimeout(timer));

  return {
    items,
    more,
    loading,
    error,
    kind,
    reload: () => read(null),
    older: () => read(items.value.at(-1)?.id ?? null),
  };
}

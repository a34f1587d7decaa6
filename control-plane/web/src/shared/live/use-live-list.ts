import type { LiveEntityKind, LiveMessage, Page } from '@flowyard/protocol';
import { type Ref, ref, shallowRef, watch } from 'vue';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { useLive } from './live-store.ts';
import { patchList } from './patch-list.ts';
import { useTopic } from './use-topic.ts';

const SEARCH_PAUSE_MS = 250;
const PAGE_SIZE = 100;

export interface ListRequest {
  limit: number;
  cursor?: string;
  search?: string;
  /** Of snapshots: only those that have it. */
  label?: string;
}

interface ListSource<T> {
  /** What the list is of; when it changes the list starts again. */
  key: () => string;
  load: (request: ListRequest) => Promise<Page<T>>;
  /** The topic whose changes concern the list; null for lists that nothing announces. */
  topic: () => string | null;
  kind?: LiveEntityKind;
  /** Whether an announced entity belongs into the list. */
  accepts?: (entity: T) => boolean;
  /** New ones come first, as in histories. */
  newestFirst?: boolean;
}

interface Announcement<T> {
  id: string;
  /** Null when it is gone or does not belong here. */
  entity: T | null;
}

export interface LiveList<T> {
  items: Ref<T[]>;
  total: Ref<number>;
  loading: Ref<boolean>;
  error: Ref<ApiError | null>;
  search: Ref<string>;
  hasMore: Ref<boolean>;
  more: () => Promise<void>;
  reload: () => Promise<void>;
}

/** A list that is loaded page by page, searched on the server, and patched by what `/live` announces. */
export function useLiveList<T extends { id: string; name?: string }>(source: ListSource<T>): LiveList<T> {
  const items = shallowRef<T[]>([]) as Ref<T[]>;
  const total = ref(0);
  const loading = ref(true);
  const error = ref<ApiError | null>(null) as Ref<ApiError | null>;
  const search = ref('');
  const hasMore = ref(false);
  const live = useLive();
  let cursor: string | null = null;
  let run = 0;
  let isUnderWay = false;
  let askedAt = Number.POSITIVE_INFINITY;
  /** Whether what is under way may miss what changed before the topic was followed. */
  let isOutdated = false;
  /** What was announced while a page was under way: the page may be older. */
  let announced: Announcement<T>[] = [];

  async function fetchPage(from: string | null): Promise<void> {
    run += 1;
    const mine = run;
    isUnderWay = true;
    isOutdated = false;
    askedAt = performance.now();
    announced = [];
    try {
      const page = await source.load({
        limit: PAGE_SIZE,
        ...(from !== null && { cursor: from }),
        ...(search.value.trim() && { search: search.value.trim() }),
      });
      if (mine !== run) {
        return;
      }
      const known = new Set(from === null ? [] : items.value.map(({ id }) => id));
      const added = page.items.filter(({ id }) => !known.has(id));
      items.value = from === null ? added : [...items.value, ...added];
      total.value = page.total;
      cursor = page.nextCursor;
      hasMore.value = cursor !== null;
      announced.forEach(apply);
      error.value = null;
    } catch (thrown) {
      if (mine === run) {
        error.value = toApiError(thrown);
      }
    } finally {
      if (mine === run) {
        loading.value = false;
        isUnderWay = false;
        if (isOutdated) {
          void fetchPage(null);
        }
      }
    }
  }

  function apply({ id, entity }: Announcement<T>): void {
    const patch = patchList(items.value, id, entity, {
      mayAdd: search.value.trim() === '',
      newestFirst: source.newestFirst === true,
      hasMore: hasMore.value,
    });
    items.value = patch.items;
    total.value += patch.grown;
  }

  function load(from: string | null): Promise<void> {
    loading.value = true;
    return fetchPage(from);
  }

  const reload = () => load(null);
  const more = () => (cursor === null ? Promise.resolve() : load(cursor));

  let pause: ReturnType<typeof setTimeout> | undefined;
  watch(search, () => {
    clearTimeout(pause);
    pause = setTimeout(() => void reload(), SEARCH_PAUSE_MS);
  });
  function onMessage(message: LiveMessage): void {
    if (message.type !== 'change' || message.kind !== source.kind) {
      return;
    }
    const value = message.value as T | null;
    const entity = value && (source.accepts?.(value) ?? true) ? value : null;
    const announcement = { id: message.id, entity };
    if (isUnderWay) {
      announced.push(announcement);
    }
    apply(announcement);
  }

  /** What changed between the asking and the following was announced to nobody: it is read once more, quietly. */
  function onFollowed(since: number): void {
    if (askedAt >= since) {
      return;
    }
    if (isUnderWay) {
      isOutdated = true;
    } else {
      void fetchPage(null);
    }
  }
  // Followed before it is asked for, so that nothing is missed in between.
  useTopic(source.topic, onMessage, onFollowed);
  watch(
    source.key,
    () => {
      items.value = [];
      total.value = 0;
      search.value = '';
      void reload();
    },
    { immediate: true },
  );
  watch(
    () => live.reconnections,
    () => {
      // A list with a topic is read again once that is followed.
      if (source.topic() === null) {
        void reload();
      }
    },
  );
  return { items, total, loading, error, search, hasMore, more, reload };
}

import { computed, ref } from 'vue';
import { type ApiError, toApiError } from '../../shared/api/api-error.ts';
import { api, ask } from '../../shared/api/client.ts';
import { groupHits, type HitGroup } from './search-groups.ts';

const PER_KIND = 6;

/** Looks for words in a team; answers that come too late are dropped. */
export function useSearch(teamId: () => string | null) {
  const groups = ref<HitGroup[]>([]);
  const error = ref<ApiError | null>(null);
  const busy = ref(false);
  const chosen = ref(0);
  /** The words that the hits are for; null while there are none. */
  const foundFor = ref<string | null>(null);
  let run = 0;
  const hits = computed(() => groups.value.flatMap((group) => group.hits));

  async function find(words: string): Promise<void> {
    run += 1;
    const mine = run;
    const id = teamId();
    if (id === null) {
      return;
    }
    busy.value = true;
    try {
      const query = { q: words, limit: PER_KIND };
      const found = await ask(api.GET('/teams/{id}/search', { params: { path: { id }, query } }));
      if (mine === run) {
        groups.value = groupHits(found);
        error.value = null;
        foundFor.value = words;
        chosen.value = 0;
      }
    } catch (thrown) {
      if (mine === run) {
        groups.value = [];
        error.value = toApiError(thrown);
        foundFor.value = words;
      }
    } finally {
      if (mine === run) {
        busy.value = false;
      }
    }
  }

  function forget(): void {
    run += 1;
    groups.value = [];
    error.value = null;
    busy.value = false;
    foundFor.value = null;
  }

  function move(step: number): void {
    const { length } = hits.value;
    chosen.value = length === 0 ? 0 : (chosen.value + step + length) % length;
  }

  return { groups, hits, error, busy, chosen, foundFor, find, forget, move };
}

import { computed, type ModelRef, type Ref } from 'vue';

/** Choosing rows of a list: one by one, a stretch with Shift, or all that are there. */
export function useChoice(keys: () => string[], chosen: ModelRef<string[]> | Ref<string[]>) {
  let last: number | null = null;
  const set = computed(() => new Set(chosen.value));
  const here = computed(() => keys().filter((key) => set.value.has(key)).length);

  function pick(index: number, event: MouseEvent): void {
    const wanted = (event.target as HTMLInputElement).checked;
    const from = event.shiftKey && last !== null ? last : index;
    const stretch = keys().slice(Math.min(from, index), Math.max(from, index) + 1);
    const next = new Set(set.value);
    for (const key of stretch) {
      if (wanted) {
        next.add(key);
      } else {
        next.delete(key);
      }
    }
    last = index;
    chosen.value = [...next];
  }

  function toggleAll(): void {
    const all = here.value < keys().length;
    const others = chosen.value.filter((key) => !keys().includes(key));
    chosen.value = all ? [...others, ...keys()] : others;
  }

  return {
    pick,
    toggleAll,
    has: (key: string) => set.value.has(key),
    all: computed(() => here.value > 0 && here.value === keys().length),
    some: computed(() => here.value > 0 && here.value < keys().length),
  };
}

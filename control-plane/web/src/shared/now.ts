import { readonly, ref } from 'vue';

const TICK_MS = 5000;
const current = ref(Date.now());

setInterval(() => {
  current.value = Date.now();
}, TICK_MS);

/** The time, coarse enough that a page full of relative times costs nothing. */
export const now = readonly(current);

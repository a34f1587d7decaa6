import { defineStore } from 'pinia';
import { ref } from 'vue';
import { toApiError } from './api/api-error.ts';

export interface Notice {
  text: string;
  tone: 'good' | 'bad';
}

/** Short messages on what was done or went wrong where no form is there to say it. */
export const useNotices = defineStore('notices', () => {
  const queue = ref<Notice[]>([]);

  function say(text: string): void {
    queue.value.push({ text, tone: 'good' });
  }

  function complain(thrown: unknown): void {
    queue.value.push({ text: toApiError(thrown).message, tone: 'bad' });
  }

  /** Does something and tells how it went; gives whether it went well. */
  async function attempt(work: () => Promise<unknown>, done?: string): Promise<boolean> {
    try {
      await work();
      if (done) {
        say(done);
      }
      return true;
    } catch (thrown) {
      complain(thrown);
      return false;
    }
  }

  return { queue, say, complain, attempt };
});

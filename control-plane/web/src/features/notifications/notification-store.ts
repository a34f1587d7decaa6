import type { NotificationSummary } from '@flowyard/protocol';
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { api, ask } from '../../shared/api/client.ts';

/** How much is unread, and marking it as read. */
export const useNotifications = defineStore('notifications', () => {
  const unread = ref(0);
  /** Grows whenever something is new or was read, here or elsewhere: lists load again. */
  const version = ref(0);

  function take(summary: NotificationSummary): void {
    unread.value = summary.unread;
    version.value += 1;
  }

  async function markRead(which: { ids: string[] } | { upTo: string }): Promise<void> {
    take(await ask(api.POST('/user/notifications/read', { body: which })));
  }

  return { unread, version, take, markRead };
});

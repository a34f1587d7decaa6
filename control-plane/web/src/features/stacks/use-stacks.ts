import type { StackView } from '@flowyard/protocol';
import { computed } from 'vue';
import { api, ask } from '../../shared/api/client.ts';
import { useTopic } from '../../shared/live/use-topic.ts';
import { useNotices } from '../../shared/notices.ts';
import { useLoad } from '../../shared/use-load.ts';

/** Whether a stack is being installed or tried. */
export function isBusy(stack: StackView): boolean {
  return stack.state === 'installing' || stack.state === 'testing';
}

/** All stacks, live, and the way to install one. */
export function useStacks() {
  const notices = useNotices();
  const loaded = useLoad<StackView[]>(
    () => 'all',
    async () => (await ask(api.GET('/stacks', { params: { query: { limit: 200 } } }))).items,
  );
  let heard = 0;
  useTopic(
    () => 'platform',
    (message) => {
      if (message.type === 'value') {
        heard += 1;
        loaded.value.value = (message.value as { stacks: StackView[] }).stacks;
      }
    },
  );

  async function install(stack: StackView): Promise<void> {
    await notices.attempt(async () => {
      const before = heard;
      const started = await ask(
        api.POST('/stacks/{id}/actions', { params: { path: { id: stack.id } }, body: { action: 'install' } }),
      );
      // What was announced while the answer was under way is newer than the answer.
      if (before !== heard) {
        return;
      }
      loaded.value.value = (loaded.value.value ?? []).map((known) =>
        known.id === started.id ? started : known,
      );
    });
  }

  return { ...loaded, stacks: computed(() => loaded.value.value ?? []), install };
}

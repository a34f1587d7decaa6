import { nextTick, type Ref, watch } from 'vue';

/** When a dialog closes, the keyboard goes on where it was when the dialog opened. */
export function useReturnFocus(open: Ref<boolean>): void {
  let before: Element | null = null;
  watch(
    open,
    async (isOpen) => {
      if (isOpen) {
        before = document.activeElement;
        return;
      }
      await nextTick();
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus({ preventScroll: true });
      }
    },
    // Before the dialog is rendered and takes the focus.
    { flush: 'sync', immediate: true },
  );
}

import type { Directive } from 'vue';

/**
 * Puts the cursor into a field as soon as it is there. The `autofocus` of the component library does so only some
 * time later and takes the cursor away from whoever types quickly.
 */
export const focus: Directive<HTMLElement> = {
  mounted(element) {
    const field = element.matches('input, textarea')
      ? element
      : element.querySelector<HTMLElement>('input, textarea');
    field?.focus({ preventScroll: true });
  },
};

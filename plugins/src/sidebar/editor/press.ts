/**
 * Whether a pointer is held down on something. What is drawn anew between press and release is not clicked: the browser
 * lets both count as a click only on the same element.
 */
export class Press {
  #isHeld = false;
  #waiting: (() => void) | null = null;

  constructor(element: HTMLElement) {
    element.addEventListener('pointerdown', ({ button, target }) => {
      // What opens a menu of the browser's own may get no release.
      this.#isHeld = button === 0 && !(target instanceof HTMLSelectElement);
    });
    for (const end of ['pointerup', 'pointercancel']) {
      // The click itself comes after the release.
      window.addEventListener(end, () => setTimeout(() => this.#release()), true);
    }
  }

  /** Does it now, or when nothing is held down any more; of several that wait, the last one. */
  whenReleased(work: () => void): void {
    if (this.#isHeld) {
      this.#waiting = work;
    } else {
      work();
    }
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#isHeld = false;
    this.#waiting = null;
    waiting?.();
  }
}

import { onBeforeUnmount, onMounted, type Ref, ref, shallowRef } from 'vue';
import { centreOn, fitAll, panBy, type Size, start, type View, zoomAt } from './canvas-view.ts';
import type { Box } from './flow-drawing.ts';

const ZOOM_STEP = 1.25;
const PAN_STEP = 80;
/** A pointer that moved less than this was a click. */
const STILL = 4;

/** Zoom and pan of a canvas by mouse, touch and keyboard. */
export function useCanvas(element: Ref<HTMLElement | null>, bounds: () => Box) {
  const view = shallowRef<View>({ x: 0, y: 0, zoom: 1 });
  const size = ref<Size>({ width: 800, height: 500 });
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  let observer: ResizeObserver | null = null;

  function wheel(event: WheelEvent): void {
    event.preventDefault();
    const at = { x: event.offsetX, y: event.offsetY };
    view.value =
      event.ctrlKey || event.metaKey
        ? zoomAt(view.value, Math.exp(-event.deltaY / 200), inElement(event) ?? at)
        : panBy(
            view.value,
            event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX,
            event.shiftKey && event.deltaX === 0 ? 0 : event.deltaY,
          );
  }

  function inElement(event: { clientX: number; clientY: number }): { x: number; y: number } | null {
    const box = element.value?.getBoundingClientRect();
    return box ? { x: event.clientX - box.left, y: event.clientY - box.top } : null;
  }

  function press(event: PointerEvent): void {
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = 0;
  }

  function drag(event: PointerEvent): void {
    const last = pointers.get(event.pointerId);
    if (last === undefined) {
      return;
    }
    const now = { x: event.clientX, y: event.clientY };
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    if (other !== undefined) {
      const spread = (point: { x: number; y: number }) => Math.hypot(point.x - other.x, point.y - other.y);
      view.value = zoomAt(view.value, spread(now) / Math.max(1, spread(last)), inElement(event) ?? now);
    } else {
      view.value = panBy(view.value, last.x - now.x, last.y - now.y);
    }
    moved += Math.abs(now.x - last.x) + Math.abs(now.y - last.y);
    if (moved > STILL) {
      element.value?.setPointerCapture(event.pointerId);
    }
    pointers.set(event.pointerId, now);
  }

  function release(event: PointerEvent): void {
    pointers.delete(event.pointerId);
  }

  const middle = () => ({ x: size.value.width / 2, y: size.value.height / 2 });
  const zoom = (factor: number) => {
    view.value = zoomAt(view.value, factor, middle());
  };
  const pan = (across: number, down: number) => {
    view.value = panBy(view.value, across * PAN_STEP, down * PAN_STEP);
  };
  const actions = {
    zoomIn: () => zoom(ZOOM_STEP),
    zoomOut: () => zoom(1 / ZOOM_STEP),
    fitAll: () => {
      view.value = fitAll(bounds(), size.value);
    },
    begin: () => {
      view.value = start(bounds(), size.value);
    },
    centre: (point: { x: number; y: number }) => {
      view.value = centreOn(view.value, size.value, point);
    },
  };
  const KEYS: Record<string, () => void> = {
    '+': actions.zoomIn,
    '=': actions.zoomIn,
    '-': actions.zoomOut,
    '0': actions.fitAll,
    ArrowLeft: () => pan(-1, 0),
    ArrowRight: () => pan(1, 0),
    ArrowUp: () => pan(0, -1),
    ArrowDown: () => pan(0, 1),
  };

  function key(event: KeyboardEvent): void {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key];
    if (act !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  }

  onMounted(() => {
    const measure = () => {
      const { clientWidth: width = 0, clientHeight: height = 0 } = element.value ?? {};
      if (width > 0 && height > 0) {
        size.value = { width, height };
      }
    };
    measure();
    actions.begin();
    observer = new ResizeObserver(measure);
    if (element.value) {
      observer.observe(element.value);
    }
  });
  onBeforeUnmount(() => observer?.disconnect());

  return { view, size, wheel, press, drag, release, key, ...actions, wasClick: () => moved <= STILL };
}

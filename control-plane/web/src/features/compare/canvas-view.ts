import type { Box } from './flow-drawing.ts';

/** Which part of a drawing is in sight: what is at (x, y) of the drawing is in the upper left corner. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

export interface Size {
  width: number;
  height: number;
}

export const LEAST_ZOOM = 0.02;
export const MOST_ZOOM = 2.5;
const MARGIN = 40;

const clamp = (zoom: number) => Math.max(LEAST_ZOOM, Math.min(MOST_ZOOM, zoom));

/** All of it, as large as it fits, but never larger than it is. */
export function fitAll(bounds: Box, size: Size): View {
  const width = bounds.right - bounds.left + 2 * MARGIN;
  const height = bounds.bottom - bounds.top + 2 * MARGIN;
  const zoom = clamp(Math.min(1, size.width / width, size.height / height));
  return {
    zoom,
    x: (bounds.left + bounds.right) / 2 - size.width / zoom / 2,
    y: (bounds.top + bounds.bottom) / 2 - size.height / zoom / 2,
  };
}

/** The beginning of the flow, at a size that can be read. */
export function start(bounds: Box, size: Size): View {
  const all = fitAll(bounds, size);
  const READABLE = 0.55;
  return all.zoom >= READABLE ? all : { zoom: 0.8, x: bounds.left - MARGIN, y: bounds.top - MARGIN };
}

/** Zooms so that what is under the pointer stays there. */
export function zoomAt(view: View, factor: number, at: { x: number; y: number }): View {
  const zoom = clamp(view.zoom * factor);
  return {
    zoom,
    x: view.x + at.x / view.zoom - at.x / zoom,
    y: view.y + at.y / view.zoom - at.y / zoom,
  };
}

export function panBy(view: View, across: number, down: number): View {
  return { ...view, x: view.x + across / view.zoom, y: view.y + down / view.zoom };
}

/** Brings a point into the middle, large enough to be read. */
export function centreOn(view: View, size: Size, point: { x: number; y: number }): View {
  const zoom = Math.max(view.zoom, 0.7);
  return { zoom, x: point.x - size.width / zoom / 2, y: point.y - size.height / zoom / 2 };
}

export function inSight(view: View, size: Size, box: Box): boolean {
  return (
    box.right >= view.x &&
    box.left <= view.x + size.width / view.zoom &&
    box.bottom >= view.y &&
    box.top <= view.y + size.height / view.zoom
  );
}

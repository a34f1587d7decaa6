/** Widgets of jQuery UI and of the editor, which the published types of jQuery do not know. */
type WidgetName = 'dialog' | 'treeList' | 'searchBox';

/** Makes a widget of an element, or asks one that it is for something. */
export function widget(element: JQuery, name: WidgetName, ...call: unknown[]): unknown {
  const widgets = element as unknown as Record<WidgetName, (...call: unknown[]) => unknown>;
  return widgets[name](...call);
}

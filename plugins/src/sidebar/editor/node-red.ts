import type { FlowNode } from '@flowyard/protocol';

/** A node, group, tab or subflow as the editor keeps it. */
export interface EditorNode {
  id: string;
  type: string;
  z?: string;
  name?: string;
  label?: string;
  changed?: boolean;
  moved?: boolean;
  dirty?: boolean;
  locked?: boolean;
}

interface NodeDefinition {
  defaults?: Record<string, unknown>;
  credentials?: Record<string, unknown>;
  set?: { module?: string; enabled?: boolean };
}

interface PopoverMenu {
  show(options: { target: JQuery; align: 'left' | 'right'; offset?: [number, number] }): void;
  hide(isCancelled?: boolean): void;
}

interface TrayOptions {
  /** Set as HTML by Node-RED: only words of ours. */
  title: string;
  width?: number;
  maximized?: boolean;
  overlay?: boolean;
  focusElement?: Element | false;
  buttons: { id?: string; text: string; class?: string; click: () => void }[];
  open: (tray: JQuery) => void;
  close?: () => void;
}

interface BadgeOptions {
  type: 'badge';
  class: string;
  align?: 'left' | 'right';
  element: (node: EditorNode) => Element;
  show: (node: EditorNode) => boolean;
  refresh?: (node: EditorNode) => boolean;
  tooltip?: (node: EditorNode) => string;
}

export interface MenuItem {
  id: string;
  /** Set as HTML by Node-RED: only words of ours. */
  label: string;
  onselect?: string;
  options?: (MenuItem | null)[];
}

/** What is used of Node-RED's editor and is not in the published types, or wrong there. */
interface Editor {
  nodes: {
    createCompleteNodeSet(options?: { credentials?: boolean }): FlowNode[];
    import(flows: FlowNode[], options?: { importMap?: Record<string, 'import'> }): { nodes: EditorNode[] };
    clear(): void;
    originalFlow(flows?: FlowNode[]): FlowNode[] | null;
    version(revision?: string): string;
    dirty(isDirty?: boolean): boolean;
    node(id: string): EditorNode | null;
    group(id: string): EditorNode | null | undefined;
    junction(id: string): EditorNode | null | undefined;
    workspace(id: string): EditorNode | null | undefined;
    subflow(id: string): EditorNode | null | undefined;
    getType(type: string): NodeDefinition | null | undefined;
  };
  view: {
    annotations: { register(id: string, options: BadgeOptions): void };
    getActiveNodes(): EditorNode[];
    reveal(id: string, isHighlighted?: boolean): void;
    redraw(isAll?: boolean): void;
  };
  history: {
    push(event: Record<string, unknown>): void;
    list(): Record<string, unknown>[];
    listRedo(): Record<string, unknown>[];
  };
  workspaces: { active(): string; show(id: string, ...more: boolean[]): void; refresh(): void };
  palette: { refresh(): void };
  sidebar: { config: { refresh(): void }; show(id: string): void };
  tray: { show(options: TrayOptions): void; close(done?: () => void): void };
  popover: {
    menu(options: {
      class: string;
      options: { label: string; onselect: () => void }[];
      onclose: (isCancelled?: boolean) => void;
    }): PopoverMenu;
    tooltip(target: JQuery, words: string): void;
  };
  actions: {
    add(id: string, handler: () => void, options: { label: string }): void;
    invoke(id: string): void;
  };
  keyboard: { add(scope: string, key: string, action: string): void };
  menu: { addItem(parent: string, item: MenuItem): void };
  hooks: { add(id: string, handler: (event: { node: EditorNode; el: Element }) => void): void };
  events: { on(name: string, handler: (...values: unknown[]) => void): void };
  settings: { user?: { username?: string } };
}

export const editor = RED as unknown as Editor;

/** Whether a dialog of the editor is open, behind which nothing may be changed. */
export function isTrayOpen(): boolean {
  return document.querySelector('.red-ui-tray') !== null;
}

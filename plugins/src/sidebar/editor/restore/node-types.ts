import { editor } from '../node-red';
import type { NodeTypes } from './look-ahead';

/** The types of nodes that this editor has now; those of a module that is disabled are as good as missing. */
export const nodeTypes: NodeTypes = {
  isKnown: (type) => {
    const definition = editor.nodes.getType(type);
    return definition != null && definition.set?.enabled !== false;
  },
  hasCredentials: (type) => Object.keys(editor.nodes.getType(type)?.credentials ?? {}).length > 0,
};

import { NO_LIMITS, NO_TERMS } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import { newId } from '../../ids.ts';

/** Node-RED 5 needs a newer Node.js than the control plane may run on, so the stack brings its own. */
const NODE_RED_5 = { nodeRed: '5.0.7', nodeJs: '24.21.0' };

/** What an empty platform starts with: one of each, and a stack that can be installed on request. */
export async function seedCatalogue(db: Database, bundledNodeRed: string): Promise<void> {
  await db.transact(async ({ stores }) => {
    const known = await stores.catalogue.bundledStack();
    if (known !== null) {
      // The bundled Node-RED follows the control plane's own version.
      await stores.catalogue.setStackVersion(known.id, bundledNodeRed);
      return;
    }
    const line = { detail: null, progress: null, active: true, replacedById: null };
    await stores.catalogue.insertStack({
      id: newId(),
      name: `Node-RED ${bundledNodeRed.split('.').slice(0, 2).join('.')}`,
      nodeRed: bundledNodeRed,
      nodeJs: null,
      state: 'ready',
      default: true,
      bundled: true,
      ...line,
    });
    await stores.catalogue.insertStack({
      id: newId(),
      name: 'Node-RED 5',
      ...NODE_RED_5,
      state: 'absent',
      default: false,
      bundled: false,
      ...line,
    });
    await stores.instanceTypes.insert({
      id: newId(),
      name: 'Standard',
      description: 'Enough for most flows: 512 MB of memory for JavaScript.',
      memoryMb: 512,
      cpuLimit: null,
      price: null,
      position: 0,
      default: true,
      active: true,
      stackIds: [],
    });
    await stores.catalogue.insertTemplate({
      id: newId(),
      name: 'Default',
      description: "Node-RED's own settings.",
      default: true,
    });
    await stores.teamTypes.insert({
      id: newId(),
      name: 'Standard',
      limits: NO_LIMITS,
      ...NO_TERMS,
      default: true,
    });
  });
}

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BlueprintCategory,
  BlueprintIcon,
  BlueprintVariable,
  Description,
  DisplayName,
  Flows,
  Modules,
  summariseFlows,
} from '@flowyard/protocol';
import { z } from 'zod';
import type { Database, Transaction } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import type { BlueprintContent, BlueprintRow } from './store.ts';
import { checkDeclarations } from './variable-values.ts';

const AUTHOR = 'Flowyard';

/** The file `blueprint.json` in the folder of a shipped blueprint. */
const ShippedFile = z.strictObject({
  name: DisplayName,
  description: Description,
  category: BlueprintCategory,
  icon: BlueprintIcon,
  nodeRed: z.string(),
  modules: Modules,
  variables: z.array(BlueprintVariable),
});

interface Shipped extends z.output<typeof ShippedFile> {
  key: string;
  /** Changes with anything in its folder. */
  digest: string;
  flows: Flows;
  picture: Buffer;
}

/** The blueprints that came with the product, from their folders. */
export function readShipped(folder: string): Shipped[] {
  const keys = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => name)
    : [];
  return keys.sort().map((key) => readOne(join(folder, key), key));
}

function readOne(folder: string, key: string): Shipped {
  const [file, flows, picture] = ['blueprint.json', 'flows.json', 'picture.svg'].map((name) =>
    readFileSync(join(folder, name)),
  ) as [Buffer, Buffer, Buffer];
  const facts = ShippedFile.parse(JSON.parse(file.toString()));
  checkDeclarations(facts.variables);
  const hash = createHash('sha256');
  for (const part of [file, flows, picture]) {
    hash.update(createHash('sha256').update(part).digest());
  }
  return {
    ...facts,
    key,
    digest: hash.digest('hex'),
    flows: Flows.parse(JSON.parse(flows.toString())),
    picture,
  };
}

/**
 * Puts the shipped blueprints where people find them, and renews those that are others now. What was made from them
 * stays as it is and is offered the new version. One that is not shipped any more is not offered any more.
 */
export async function seedBlueprints(db: Database, folder: string): Promise<void> {
  const shipped = readShipped(folder);
  await db.transact(async (tx) => {
    const known = new Map((await tx.stores.blueprints.shipped()).map((row) => [row.shippedKey, row]));
    for (const blueprint of shipped) {
      await seedOne(tx, blueprint, known.get(blueprint.key));
    }
    const keys = new Set(shipped.map(({ key }) => key));
    for (const row of [...known.values()].filter(
      ({ shippedKey, active }) => active && !keys.has(shippedKey),
    )) {
      await tx.stores.blueprints.update(row.id, { active: false }, new Date().toISOString());
    }
  });
}

async function seedOne(tx: Transaction, shipped: Shipped, known: BlueprintRow | undefined): Promise<void> {
  if (known?.shippedDigest === shipped.digest) {
    return;
  }
  const { name, description, category, icon } = shipped;
  const facts = {
    ...{ name, description, category, icon },
    shippedDigest: shipped.digest,
    picture: await tx.stores.blobs.put(shipped.picture),
    pictureType: 'image/svg+xml',
  };
  const content: BlueprintContent = {
    flowsDigest: await tx.stores.blobs.put(Buffer.from(JSON.stringify(shipped.flows))),
    modules: JSON.stringify(shipped.modules),
    variables: JSON.stringify(shipped.variables),
    ...summariseFlows(shipped.flows),
    nodeRed: shipped.nodeRed,
    author: AUTHOR,
  };
  const at = new Date().toISOString();
  if (known === undefined) {
    await tx.stores.blueprints.insert({
      id: newId(),
      teamId: null,
      shippedKey: shipped.key,
      createdAt: at,
      ...facts,
      ...content,
    });
    return;
  }
  await tx.stores.blueprints.update(known.id, facts, at);
  if (content.flowsDigest !== known.flowsDigest || content.modules !== known.modules) {
    await tx.stores.blueprints.addVersion(known.id, known.version + 1, content, at);
  } else {
    await tx.stores.blueprints.setVariables(known.id, known.version, content.variables);
  }
}

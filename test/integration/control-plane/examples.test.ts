import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildInstance } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const FOLDER = join(import.meta.dirname, '../../../examples/flows');

/** What shows that an example works. */
const PROOFS: Record<string, (url: string) => Promise<boolean>> = {
  'bottling-line.json': async (url) => {
    const { body } = await getFromInstance(url, '/line/data');
    return JSON.parse(body).filled > 0;
  },
};

describe('The example flows', () => {
  let cp: RunningControlPlane;
  let applicationId: string;

  before(async () => {
    cp = await startControlPlane();
    ({ applicationId } = await buildApplication(cp));
  });
  after(() => cp?.stop());

  for (const file of readdirSync(FOLDER)) {
    it(`work when they are deployed: ${file}`, async () => {
      const proof = PROOFS[file];
      assert.ok(proof, `say in this test what shows that ${file} works`);
      const flows: FlowNode[] = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));

      const instance = await buildInstance(cp, applicationId, { start: true, flows });

      await eventually(() => proof(instance.url), { withinMs: 30_000 });
    });
  }
});

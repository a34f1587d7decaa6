import assert from 'node:assert/strict';
import { docPages } from '../../scripts/doc-tables.ts';

describe('The docs', () => {
  for (const { page, now, wanted } of docPages()) {
    it(`have in ${page} the table that the code says; \`npm run docs\` writes it`, () => {
      assert.equal(now, wanted);
    });
  }
});

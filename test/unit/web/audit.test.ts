import assert from 'node:assert/strict';
import { auditQueryOf, NO_FILTER } from '../../../control-plane/web/src/features/audit/audit-filter.ts';
import { comparedValues } from '../../../control-plane/web/src/features/audit/compared-values.ts';

describe('The filter of the audit log', () => {
  it('asks for everything when nothing is chosen', () => {
    assert.deepEqual(auditQueryOf(NO_FILTER), {});
  });

  it('takes the last day as a whole, in the time zone of the person', () => {
    const query = auditQueryOf({ ...NO_FILTER, from: '2026-03-01', to: '2026-03-01' });

    assert.equal(query.from, new Date(2026, 2, 1).toISOString());
    assert.equal(query.to, new Date(2026, 2, 2).toISOString());
  });

  it('does not ask for a day that is not one', () => {
    assert.deepEqual(auditQueryOf({ ...NO_FILTER, from: 'soon' }), {});
  });
});

describe('An entry of the audit log', () => {
  it('shows a change field by field', () => {
    const { changes } = comparedValues({ before: { name: 'a', slug: 's' }, after: { name: 'b' } });

    assert.deepEqual(changes, [
      { name: 'name', before: 'a', after: 'b' },
      { name: 'slug', before: 's', after: '–' },
    ]);
  });

  it('shows a change of one value', () => {
    assert.deepEqual(comparedValues({ username: 'kim', before: 'member', after: 'owner' }), {
      changes: [{ name: 'value', before: 'member', after: 'owner' }],
      others: [{ name: 'username', value: 'kim' }],
    });
  });

  it('is not misled by names that objects have by themselves', () => {
    const after = JSON.parse('{"__proto__": "x", "constructor": "y"}');

    assert.deepEqual(comparedValues({ before: {}, after }).changes, [
      { name: '__proto__', before: '–', after: 'x' },
      { name: 'constructor', before: '–', after: 'y' },
    ]);
  });
});

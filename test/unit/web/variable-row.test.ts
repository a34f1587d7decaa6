import assert from 'node:assert/strict';
import {
  rowsFromDotEnv,
  variableRow,
  variablesOf,
} from '../../../control-plane/web/src/features/instances/variable-row.ts';

describe('variables in a form', () => {
  it('are read from the lines of a .env file', () => {
    const rows = rowsFromDotEnv('# plant\nPLC=10.0.0.1\nexport NAME="hall 3"\n\nURL=mqtt://a?b=c\nnonsense');

    assert.deepEqual(variablesOf(rows), { PLC: '10.0.0.1', NAME: 'hall 3', URL: 'mqtt://a?b=c' });
  });

  it('show a stored secret as kept and without its value', () => {
    const { value, kept, secret } = variableRow({ name: 'KEY', value: null, secret: true });

    assert.deepEqual({ value, kept, secret }, { value: '', kept: true, secret: true });
  });
});

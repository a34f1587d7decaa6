import assert from 'node:assert/strict';
import { errorOfAnswer } from '../../../control-plane/web/src/shared/api/api-error.ts';
import { splitReason } from '../../../control-plane/web/src/shared/reason.ts';

describe('what the page says when something is wrong', () => {
  it('parts the cause from the log', () => {
    const { cause, log } = splitReason('It ended. It went back.\nThe log ends:\none\ntwo\n');

    assert.deepEqual({ cause, log }, { cause: 'It ended. It went back.', log: 'one\ntwo' });
    assert.deepEqual(splitReason('Only a cause'), { cause: 'Only a cause', log: '' });
  });

  it('calls fields as its forms do', () => {
    const fields = [
      { field: 'password.current', message: 'is not your password' },
      { field: 'instanceTypeId', message: 'does not exist.' },
    ];

    const { message } = errorOfAnswer(422, { error: { code: 'invalid', message: '-', details: { fields } } });

    assert.equal(message, 'The current password is not your password. The instance type does not exist.');
  });
});

import assert from 'node:assert/strict';
import { DEVICE_FAULTS } from '../../faults/device/faults.ts';
import { runFault } from '../../faults/device/run-fault.ts';

/** Those that no other test does and that take few seconds; `npm run test:faults -- device` does all of them. */
describe('A device, after', function () {
  this.timeout(180_000);

  for (const fault of DEVICE_FAULTS.filter(({ quick }) => quick === true)) {
    it(fault.name, async function () {
      const { expected, seen, ok } = await runFault(fault);
      if (ok === null) {
        this.skip();
      }
      assert.ok(ok, `expected ${expected}\nseen ${seen}`);
    });
  }
});

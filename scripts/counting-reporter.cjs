// Mocha's own report, then the files that took longest, and a last line that counts in plain words.
const { existsSync, readFileSync } = require('node:fs');
const { relative } = require('node:path');
const { reporters, Runner } = require('mocha');

const { EVENT_RUN_END } = Runner.constants;
const SLOWEST = 25;

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`.padStart(10);

/** Where the time of a run goes. Files run beside each other, so that the sum is more than the run took. */
function slowestFiles(notes) {
  if (notes === undefined || !existsSync(notes)) {
    return '';
  }
  const times = readFileSync(notes, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([ms, file]) => ({ ms: Number(ms), file: relative(process.cwd(), file) }))
    .sort((one, other) => other.ms - one.ms);
  const sum = times.reduce((total, { ms }) => total + ms, 0);
  const lines = times.slice(0, SLOWEST).map(({ ms, file }) => `${seconds(ms)}  ${file}`);
  return `${seconds(sum)}  all files together; the slowest:\n${lines.join('\n')}\n\n`;
}

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      process.on('exit', () =>
        process.stdout.write(
          `${slowestFiles(process.env.TEST_TIMES)}${passes} passed, ${failures} failed${skipped}\n`,
        ),
      );
    });
  }
};

// Loaded into an agent: acts right after the n-th thing that it made durable in its folder. `kill` ends it there as
// kill -9 does; `copy` keeps what a power cut at each such moment would leave.
const { execFileSync } = require('node:child_process');
const { appendFileSync } = require('node:fs');
const fsp = require('node:fs/promises');
const { syncBuiltinESMExports } = require('node:module');
const path = require('node:path');

const { FAULT_FOLDER: folder, FAULT_KILL_AT: killAt, FAULT_COPIES: copies } = process.env;
let count = 0;

function isDurable(place) {
  const [first, ...rest] = path.relative(folder, place).split(path.sep);
  return (
    first === 'current' ||
    ((first === 'journal' || first === 'releases') && rest.length > 0 && !place.endsWith('.tmp'))
  );
}

function act(what, place) {
  count += 1;
  if (copies !== undefined) {
    execFileSync('cp', ['-a', folder, path.join(copies, String(count))]);
    appendFileSync(path.join(copies, 'steps.txt'), `${count} ${what} ${path.relative(folder, place)}\n`);
  } else if (count === Number(killAt)) {
    process.kill(process.pid, 'SIGKILL');
  }
}

function wrap(name, placeOf) {
  const original = fsp[name];
  fsp[name] = async (...args) => {
    const result = await original(...args);
    const place = String(placeOf(args));
    if (isDurable(place)) {
      act(name, place);
    }
    return result;
  };
}

if (folder !== undefined && process.argv[1]?.endsWith('main.js')) {
  wrap('rename', ([, to]) => to);
  wrap('rm', ([place]) => place);
  syncBuiltinESMExports();
}

// Loaded into a control plane on SQLite: ends it as kill -9 does, right before the n-th thing that it writes from a
// certain statement on. FAULT_KILL_ORDER names a file with that, which may come and go while it runs.
const { readFileSync, renameSync } = require('node:fs');
const Module = require('node:module');

const order = process.env.FAULT_KILL_ORDER;
const WRITES = /^\s*(insert|update|delete|commit)/i;
let count = -1;

function readOrder() {
  try {
    return JSON.parse(readFileSync(order, 'utf8'));
  } catch {
    return null;
  }
}

function beforeStatement(sql) {
  const asked = WRITES.test(sql) ? readOrder() : null;
  if (asked === null) {
    return;
  }
  if (count < 0 && !sql.includes(asked.from)) {
    return;
  }
  count += 1;
  if (count === asked.at) {
    renameSync(order, `${order}.done`);
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Node-RED processes inherit the environment. */
if ((process.argv[1] ?? '').includes('control-plane')) {
  const load = Module._load;
  Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (request === 'sqlite3' && !loaded.Statement.isWatched) {
      // What a connection runs without preparing it first comes by here, too.
      for (const name of ['run', 'all']) {
        const original = loaded.Statement.prototype[name];
        loaded.Statement.prototype[name] = function (...parameters) {
          beforeStatement(String(this.sql));
          return original.apply(this, parameters);
        };
      }
      loaded.Statement.isWatched = true;
    }
    return loaded;
  };
}

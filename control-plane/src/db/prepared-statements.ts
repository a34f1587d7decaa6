import type { Database, Statement } from 'sqlite3';

/** Prepared statements of a connection take some 10 kB each. */
const MOST = 200;
/** Longer ones are of many rows, and seldom come again with as many. */
const LONGEST = 4000;

type Done = (this: unknown, error: Error | null, rows?: unknown[]) => void;
type Method = 'all' | 'run';

/** How Knex calls a connection. */
export interface KnexConnection {
  all(sql: string, bindings: unknown[], done: Done): unknown;
  run(sql: string, bindings: unknown[], done: Done): unknown;
  close(done: (error: Error | null) => void): unknown;
}

/**
 * Has a connection keep the statements that it prepared. The driver prepares each anew, which costs a way to its
 * thread and back, a third of what a short query takes.
 */
export function keepPrepared(connection: KnexConnection): void {
  const database = connection as unknown as Database;
  const statements = new PreparedStatements((sql, done) => database.prepare(sql, done));
  for (const method of ['all', 'run'] as const) {
    const unprepared = connection[method].bind(connection);
    connection[method] = (sql, bindings, done) =>
      sql.length > LONGEST ? unprepared(sql, bindings, done) : statements.call(method, sql, bindings, done);
  }
  const close = connection.close.bind(connection);
  connection.close = (done) => {
    statements.clear();
    return close(done);
  };
}

class PreparedStatements {
  readonly #prepare: (sql: string, done: (error: Error | null) => void) => Statement;
  /** Those that were used last come last. */
  readonly #kept = new Map<string, Statement>();

  constructor(prepare: (sql: string, done: (error: Error | null) => void) => Statement) {
    this.#prepare = prepare;
  }

  call(method: Method, sql: string, bindings: unknown[], done: Done): void {
    const kept = this.#kept.get(sql);
    if (kept) {
      this.#kept.delete(sql);
      this.#kept.set(sql, kept);
      kept[method](bindings, this.#dropRefused(sql, kept, done));
      return;
    }
    // What is asked of a statement before it is prepared waits in the driver, and is never answered when that fails.
    const statement = this.#prepare(sql, (error) =>
      error ? done.call(undefined, error) : this.#keep(sql, statement),
    );
    statement[method](bindings, this.#dropRefused(sql, statement, done));
  }

  clear(): void {
    for (const statement of this.#kept.values()) {
      statement.finalize();
    }
    this.#kept.clear();
  }

  /** One that SQLite refused (SQLITE_BUSY) counts as under way, and the connection reads what was then, until it ends. */
  #dropRefused(sql: string, statement: Statement, done: Done): Done {
    const drop = () => {
      if (this.#kept.get(sql) === statement) {
        this.#kept.delete(sql);
        statement.finalize();
      }
    };
    return function (error, rows) {
      if (error) {
        drop();
      }
      done.call(this, error, rows);
    };
  }

  /** The driver ends a statement only after what was asked of it. */
  #keep(sql: string, statement: Statement): void {
    this.#kept.get(sql)?.finalize();
    this.#kept.delete(sql);
    this.#kept.set(sql, statement);
    const [[oldest, last] = []] = this.#kept;
    if (this.#kept.size > MOST && oldest !== undefined) {
      this.#kept.delete(oldest);
      last?.finalize();
    }
  }
}

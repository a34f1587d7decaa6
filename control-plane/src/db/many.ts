import type { Knex } from 'knex';

/** The fields of JSON objects with their types in the database. */
export type Fields<Told> = Record<keyof Told & string, 'text' | 'integer' | 'boolean' | 'double precision'>;

const isPostgres = (knex: Knex) => knex.client.config.client === 'pg';

/** JSON objects, which come as one parameter, as rows: much less work than a parameter for each field. */
export function rowsOf(knex: Knex, fields: Record<string, string>, name = 'told'): string {
  const names = Object.entries(fields);
  if (isPostgres(knex)) {
    const columns = names.map(([field, type]) => `"${field}" ${type}`);
    return `json_to_recordset(?::json) as ${name}(${columns.join(', ')})`;
  }
  const columns = names.map(([field]) => `value ->> '${field}' as "${field}"`);
  // Without the limits SQLite would write each object as text anew for each of its fields, wherever they are used.
  const objects = 'select value from json_each(?) limit -1';
  return `(select ${columns.join(', ')} from (${objects}) limit -1) as ${name}`;
}

/** Only rows of which the column is one of these: one parameter, whatever their number. */
export function whereAmong<Query extends Knex.QueryBuilder>(
  knex: Knex,
  query: Query,
  column: string,
  values: readonly string[],
): Query {
  const listed = isPostgres(knex)
    ? 'select json_array_elements_text(?::json)'
    : 'select value from json_each(?)';
  query.whereRaw(`?? in (${listed})`, [column, JSON.stringify(values)]);
  return query;
}

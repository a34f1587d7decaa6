import type { Knex } from 'knex';
import { isPostgres } from '../../db/dialect.ts';

/** A column with the digest of a part that must stay; with `key`, a JSON object that has the digest under that key. */
interface PartReference {
  table: string;
  column: string;
  key?: string;
}

/** All places that may refer to a part. What none of them names is cleaned up. */
export const PART_REFERENCES: readonly PartReference[] = [
  { table: 'snapshot_parts', column: 'digest' },
  { table: 'instances', column: 'flows_digest' },
  { table: 'instances', column: 'credentials_digest' },
  { table: 'instances', column: 'lock_digest' },
  { table: 'blueprint_versions', column: 'flows_digest' },
  { table: 'blueprints', column: 'picture' },
  { table: 'template_versions', column: 'content', key: 'flows' },
];

/** Keeps the rows whose column names a part that something refers to; with `not`, those that nothing refers to. */
export function whereReferenced(
  knex: Knex,
  rows: Knex.QueryBuilder,
  column: string,
  not?: 'not',
): Knex.QueryBuilder {
  const exists = (reference: PartReference) => {
    const name = `${reference.table}.${reference.column}`;
    const json = isPostgres(knex) ? '(??::json ->> ?)' : '(?? ->> ?)';
    return reference.key === undefined
      ? knex(reference.table).select(knex.raw('1')).whereRaw('?? = ??', [name, column])
      : knex(reference.table).select(knex.raw('1')).whereRaw(`${json} = ??`, [name, reference.key, column]);
  };
  return rows.where((where) => {
    for (const reference of PART_REFERENCES) {
      if (not === undefined) {
        where.orWhereExists(exists(reference));
      } else {
        where.whereNotExists(exists(reference));
      }
    }
  });
}

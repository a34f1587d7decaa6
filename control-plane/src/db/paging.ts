import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { invalid } from '../errors.ts';

type Order = 'asc' | 'desc';

/** How a list is ordered: by one column, and by id where that is equal. */
interface PageOptions<Row> {
  query: ListQuery;
  /** Column to order by, qualified; `id` alone when left out. */
  sort?: string;
  id: string;
  order?: Order;
  /** Columns that `search` looks at, qualified. */
  search: string[];
  /** Tells the total where that is known without counting. */
  count?: () => Promise<number>;
  cursorOf: (row: Row) => [sort: string, id: string];
  select: (query: Knex.QueryBuilder) => Knex.QueryBuilder;
}

function decodeCursor(cursor: string): [string, string] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'string') {
      return [value[0], value[1]];
    }
  } catch {
    // Falls through to the error below.
  }
  throw invalid('cursor', 'is not one that a list returned');
}

/** Keeps the rows in which one of the columns has the text, whatever its case. */
export function applySearch(builder: Knex.QueryBuilder, columns: string[], search: string | undefined): void {
  if (search === undefined || search === '') {
    return;
  }
  const pattern = `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  builder.where((where) => {
    for (const column of columns) {
      where.orWhereRaw(`lower(??) like ? escape '\\'`, [column, pattern]);
    }
  });
}

async function countRows(filtered: Knex.QueryBuilder): Promise<number> {
  const { total } = (await filtered.clone().count({ total: '*' }).first()) as { total: number | string };
  return Number(total);
}

/** Reads one page of a filtered query, and counts all that match. Two queries, whatever the size. */
export async function readPage<Row>(
  filtered: Knex.QueryBuilder,
  options: PageOptions<Row>,
): Promise<Page<Row>> {
  const { query, id, order = 'asc' } = options;
  const sort = options.sort ?? id;
  applySearch(filtered, options.search, query.search);
  const total = await (options.count ?? (() => countRows(filtered)))();
  const page = options.select(filtered.clone()).orderBy([
    { column: sort, order },
    { column: id, order },
  ]);
  if (query.cursor !== undefined) {
    const [afterSort, afterId] = decodeCursor(query.cursor);
    const beyond = order === 'asc' ? '>' : '<';
    page.where((where) => {
      where
        .where(sort, beyond, afterSort)
        .orWhere((tie) => tie.where(sort, afterSort).where(id, beyond, afterId));
    });
  }
  const rows = (await page.limit(query.limit + 1)) as Row[];
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const more = rows.length > query.limit && last !== undefined;
  const nextCursor = more ? Buffer.from(JSON.stringify(options.cursorOf(last))).toString('base64url') : null;
  return { items, nextCursor, total };
}

/** The same page with other items. */
export function mapPage<A, B>(page: Page<A>, present: (item: A) => B): Page<B> {
  return { ...page, items: page.items.map(present) };
}

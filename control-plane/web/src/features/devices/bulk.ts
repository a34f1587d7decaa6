import type { BulkAction, BulkResult } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';
import type { ListRequest } from '../../shared/live/use-live-list.ts';

/** As many as one request takes. */
export const MOST_AT_ONCE = 1000;
const PAGE = 200;

/** Does the same to many devices, a thousand at a time. */
export async function changeMany(
  teamId: string,
  deviceIds: readonly string[],
  change: BulkAction,
): Promise<BulkResult[]> {
  const results: BulkResult[] = [];
  for (let start = 0; start < deviceIds.length; start += MOST_AT_ONCE) {
    const body = { deviceIds: deviceIds.slice(start, start + MOST_AT_ONCE), change };
    const answer = await ask(
      api.POST('/teams/{id}/devices/bulk', { params: { path: { id: teamId } }, body: body as never }),
    );
    results.push(...answer.results);
  }
  return results;
}

/** The ids of all that a list has, page by page. */
export async function allIds(
  load: (request: ListRequest) => Promise<{ items: Array<{ id: string }>; nextCursor: string | null }>,
  search: string,
): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: Array<{ id: string }>; nextCursor: string | null } = await load({
      limit: PAGE,
      ...(cursor !== null && { cursor }),
      ...(search !== '' && { search }),
    });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

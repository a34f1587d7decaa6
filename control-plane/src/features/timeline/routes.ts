import { getDeviceTimeline, getInstanceTimeline, type TimelineQuery } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { may, type Route, route } from '../../http/route.ts';
import { presentTimelineRow } from './presenter.ts';
import type { TimelineOwner } from './store.ts';

export function timelineRoutes({ stores }: { stores: Stores }): Route[] {
  async function read(owner: TimelineOwner, applicationId: string | null, query: TimelineQuery) {
    const rows = await stores.timeline.list(owner, query);
    const items = rows.slice(0, query.limit).map((row) => presentTimelineRow(row, applicationId));
    return { items, more: rows.length > query.limit };
  }
  return [
    route(getInstanceTimeline, may('audit:read', 'instance'), ({ params, query, scope }) =>
      read({ kind: 'instance', id: params.id, teamId: scope.teamId }, scope.applicationId, query),
    ),
    route(getDeviceTimeline, may('audit:read', 'device'), ({ params, query, scope }) =>
      read({ kind: 'device', id: params.id, teamId: scope.teamId }, scope.applicationId, query),
    ),
  ];
}

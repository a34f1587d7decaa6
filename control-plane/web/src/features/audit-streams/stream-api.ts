import { api, ask } from '../../shared/api/client.ts';
import type { ListRequest } from '../../shared/live/use-live-list.ts';

type Facts = { name: string; url: string };
type Change = Partial<Facts> & { active?: boolean };

/** Streams of a team, or with null of the whole platform. */
export function streamsOf(teamId: string | null) {
  return teamId === null ? OF_PLATFORM : ofTeam(teamId);
}

const OF_PLATFORM = {
  list: (query: ListRequest) => ask(api.GET('/audit-streams', { params: { query } })),
  create: (body: Facts) => ask(api.POST('/audit-streams', { body })),
  update: (streamId: string, body: Change) =>
    ask(api.PATCH('/audit-streams/{streamId}', { params: { path: { streamId } }, body })),
  remove: (streamId: string) =>
    ask(api.DELETE('/audit-streams/{streamId}', { params: { path: { streamId } } })),
  test: (streamId: string) =>
    ask(api.POST('/audit-streams/{streamId}/test', { params: { path: { streamId } } })),
  replay: (streamId: string, from: string) =>
    ask(api.POST('/audit-streams/{streamId}/replay', { params: { path: { streamId } }, body: { from } })),
};

function ofTeam(id: string): typeof OF_PLATFORM {
  const params = (streamId: string) => ({ path: { id, streamId } });
  return {
    list: (query) => ask(api.GET('/teams/{id}/audit-streams', { params: { path: { id }, query } })),
    create: (body) => ask(api.POST('/teams/{id}/audit-streams', { params: { path: { id } }, body })),
    update: (streamId, body) =>
      ask(api.PATCH('/teams/{id}/audit-streams/{streamId}', { params: params(streamId), body })),
    remove: (streamId) =>
      ask(api.DELETE('/teams/{id}/audit-streams/{streamId}', { params: params(streamId) })),
    test: (streamId) =>
      ask(api.POST('/teams/{id}/audit-streams/{streamId}/test', { params: params(streamId) })),
    replay: (streamId, from) =>
      ask(
        api.POST('/teams/{id}/audit-streams/{streamId}/replay', { params: params(streamId), body: { from } }),
      ),
  };
}

import type { ApplicationView } from '@flowyard/protocol';
import { computed, watch } from 'vue';
import { useMay } from '../../shared/access.ts';
import { api, ask } from '../../shared/api/client.ts';
import { useLoad } from '../../shared/use-load.ts';
import { useCurrentTeam } from '../teams/current-team-store.ts';

/**
 * The application that something belongs to, with the role the person has in it. Enters its team. Without an
 * application (a device may have none) the role in the team counts.
 */
export function useApplication(id: () => string | null | undefined) {
  const team = useCurrentTeam();
  const loaded = useLoad<ApplicationView | null>(
    () => id() ?? '',
    async () => {
      const path = id();
      return path ? ask(api.GET('/applications/{id}', { params: { path: { id: path } } })) : null;
    },
  );
  const application = computed(() => loaded.value.value);
  watch(application, (found) => {
    if (found) {
      team.enter(found.teamId);
    }
  });
  const may = useMay(() => application.value?.role ?? (id() ? null : team.role));
  return { application, may };
}

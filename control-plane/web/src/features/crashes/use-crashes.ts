import type { CrashView, InstanceView } from '@flowyard/protocol';
import { api, ask } from '../../shared/api/client.ts';
import { useLoad } from '../../shared/use-load.ts';

/** The last crashes of an instance, loaded again with each change of its state. */
export function useCrashes(instance: () => InstanceView) {
  return useLoad<CrashView[]>(
    () => `${instance().id} ${instance().state} ${instance().since}`,
    async () =>
      (await ask(api.GET('/instances/{id}/crashes', { params: { path: { id: instance().id } } }))).items,
  );
}

import type { DeploymentTargetView, DeploymentView } from '@flowyard/protocol';
import { type Ref, shallowRef, watch } from 'vue';
import { api, ask } from '../../shared/api/client.ts';

const PAGE_SIZE = 1000;
/** However quickly a fleet changes, it is asked for its changes no more often. */
const ASK_EVERY_MS = 1000;

/** All targets of a deployment, wave by wave; what changes is fetched as it does. */
export function useDeploymentTargets(deployment: () => DeploymentView): Ref<DeploymentTargetView[]> {
  const targets = shallowRef<DeploymentTargetView[]>([]);
  let since: string | undefined;
  let asking = false;
  let again = false;

  async function fetchAll(id: string): Promise<DeploymentTargetView[]> {
    const found: DeploymentTargetView[] = [];
    let cursor: string | null = null;
    do {
      const query = {
        limit: PAGE_SIZE,
        ...(cursor !== null && { cursor }),
        ...(since !== undefined && { changedSince: since }),
      };
      const page: { items: DeploymentTargetView[]; nextCursor: string | null } = await ask(
        api.GET('/deployments/{id}/targets', { params: { path: { id }, query } }),
      );
      found.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  }

  async function refresh(): Promise<void> {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    try {
      const changed = new Map((await fetchAll(deployment().id)).map((target) => [target.id, target]));
      if (since === undefined) {
        targets.value = [...changed.values()].sort((a, b) => a.wave - b.wave);
      } else if (changed.size > 0) {
        targets.value = targets.value.map((target) => changed.get(target.id) ?? target);
      }
      const times = targets.value.map(({ changedAt }) => changedAt ?? '').sort();
      since = times.at(-1) || undefined;
    } catch {
      // What the page shows is asked for again with the next change.
    }
    setTimeout(() => {
      asking = false;
      if (again) {
        again = false;
        void refresh();
      }
    }, ASK_EVERY_MS);
  }

  watch(
    () => deployment().id,
    () => {
      since = undefined;
      targets.value = [];
    },
  );
  watch(deployment, () => void refresh(), { immediate: true });
  return targets;
}

import type { TeamFeature, TeamView } from '@flowyard/protocol';
import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { api, ask } from '../../shared/api/client.ts';

const STORAGE_KEY = 'flowyard.team';

/** The teams of the person and the one the page is in. Pages of single things enter the team of their thing. */
export const useCurrentTeam = defineStore('current-team', () => {
  const teams = ref<TeamView[]>([]);
  const id = ref<string | null>(null);
  const current = computed(() => teams.value.find((team) => team.id === id.value) ?? null);
  const role = computed(() => current.value?.role ?? null);
  /** Whether something of it can be added and changed: the type of the team may leave it out. */
  const has = (feature: TeamFeature) => !current.value?.without.includes(feature);
  let loading: Promise<void> | null = null;

  async function reload(): Promise<void> {
    teams.value = (await ask(api.GET('/teams', { params: { query: { limit: 200 } } }))).items;
  }

  function load(): Promise<void> {
    loading ??= reload().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  }

  function enter(teamId: string): void {
    if (id.value !== teamId) {
      id.value = teamId;
      localStorage.setItem(STORAGE_KEY, teamId);
    }
    void load().catch(() => {});
  }

  /** The team to begin in: the last one, or the first. */
  async function first(): Promise<string | null> {
    await load();
    const last = localStorage.getItem(STORAGE_KEY);
    return (teams.value.find((team) => team.id === last) ?? teams.value[0])?.id ?? null;
  }

  function forget(): void {
    teams.value = [];
    id.value = null;
    loading = null;
  }

  return { teams, id, current, role, has, enter, first, reload, forget };
});

import type { UserView } from '@flowyard/protocol';
import { defineStore } from 'pinia';
import { ref } from 'vue';
import { ApiError } from '../../shared/api/api-error.ts';
import { api, ask } from '../../shared/api/client.ts';
import { usePasskey } from '../../shared/passkeys.ts';

/** Who is signed in. */
export const useSession = defineStore('session', () => {
  const user = ref<UserView | null>(null);
  let loading: Promise<void> | null = null;

  async function fetchUser(): Promise<void> {
    try {
      user.value = await ask(api.GET('/session'));
    } catch (thrown) {
      user.value = null;
      if (!(thrown instanceof ApiError && thrown.status === 401)) {
        loading = null;
      }
    }
  }

  /** Finds out once who is signed in; asks again when the server could not be reached. */
  function load(): Promise<void> {
    loading ??= fetchUser();
    return loading;
  }

  async function signIn(username: string, password: string, code = ''): Promise<void> {
    const body = { username, password, ...(code && { code }) };
    user.value = await ask(api.POST('/session', { body }));
  }

  async function signInWithPasskey(): Promise<void> {
    const { challengeId, options } = await ask(api.POST('/session/passkey/options'));
    const response = await usePasskey(options);
    user.value = await ask(api.POST('/session/passkey', { body: { challengeId, response } }));
  }

  async function signOut(): Promise<void> {
    await ask(api.DELETE('/session'));
    forget();
  }

  function forget(): void {
    user.value = null;
  }

  async function needsSetup(): Promise<boolean> {
    const setup = await ask(api.GET('/setup')).catch(() => ({ needed: false }));
    return setup.needed;
  }

  return { user, load, signIn, signInWithPasskey, signOut, forget, needsSetup };
});

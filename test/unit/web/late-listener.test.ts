import assert from 'node:assert/strict';
import { createPinia, setActivePinia } from 'pinia';
import { effectScope, ref } from 'vue';
import { WebSocket, WebSocketServer } from 'ws';
import { useLive } from '../../../control-plane/web/src/shared/live/live-store.ts';
import { useLiveList } from '../../../control-plane/web/src/shared/live/use-live-list.ts';
import { eventually } from '../../support/eventually.ts';

const TOPIC = 'application/a';
const PLACES = ['WebSocket', 'location', 'addEventListener'] as const;

async function followedByOthers(topic: string): Promise<void> {
  let isFollowed = false;
  const onFollowed = () => {
    isFollowed = true;
  };
  useLive().subscribe(topic, { onMessage: () => {}, onFollowed });
  await eventually(() => isFollowed);
}

describe('A list whose topic is known late', () => {
  const before = PLACES.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  let server: WebSocketServer;

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    server.on('connection', (socket) =>
      socket.on('message', (data) => {
        const { topic } = JSON.parse(String(data));
        socket.send(JSON.stringify({ type: 'value', topic, value: {} }));
      }),
    );
    const { port } = server.address() as { port: number };
    // What a browser has.
    const places = { WebSocket, location: { protocol: 'http:', host: `127.0.0.1:${port}` } };
    Object.assign(globalThis, places, { addEventListener: () => {} });
    setActivePinia(createPinia());
  });
  afterEach(async () => {
    useLive().reset();
    await new Promise((resolve) => server.close(resolve));
    for (const [name, descriptor] of before) {
      Reflect.deleteProperty(globalThis, name);
      if (descriptor) {
        Object.defineProperty(globalThis, name, descriptor);
      }
    }
  });

  it('has what changed before it followed a topic that others followed already', async () => {
    await followedByOthers(TOPIC);
    const stored = [{ id: 'first' }];
    const topic = ref<string | null>(null);
    const scope = effectScope();
    const list = scope.run(() =>
      useLiveList<{ id: string }>({
        key: () => 'pipeline',
        topic: () => topic.value,
        kind: 'deployment',
        load: async () => ({ items: [...stored], total: stored.length, nextCursor: null }),
      }),
    );
    const shown = () => list?.items.value.map(({ id }) => id);
    await eventually(() => shown()?.length === 1);

    stored.push({ id: 'second' });
    topic.value = TOPIC;

    await eventually(() => shown()?.length === 2);
    scope.stop();
    assert.deepEqual(shown(), ['first', 'second']);
  });

  it('is read once when its topic is followed before it is asked for', async () => {
    await followedByOthers(TOPIC);
    let loads = 0;
    const scope = effectScope();
    const list = scope.run(() =>
      useLiveList<{ id: string }>({
        key: () => 'pipeline',
        topic: () => TOPIC,
        kind: 'deployment',
        load: async () => {
          loads += 1;
          return { items: [], total: 0, nextCursor: null };
        },
      }),
    );
    await eventually(() => list?.loading.value === false);
    scope.stop();

    assert.equal(loads, 1);
  });
});

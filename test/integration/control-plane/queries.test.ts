import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

/** A moment longer than anything is remembered between requests. */
const FORGOTTEN_MS = 2100;

/** Published by Node.js before a server handles a request. */
const REQUEST_STARTS = 'http.server.request.start';

describe('The number of queries of a request', function () {
  this.timeout(60_000);
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };
  /** The request that is being counted: what the driver, the watch of devices and timers read is not of it. */
  let counted: symbol | undefined;
  let queries: string[] = [];
  const realNow = Date.now;
  const handling = new AsyncLocalStorage<symbol>();
  const requestStarts = (message: unknown) => {
    const { request } = message as { request: IncomingMessage };
    if (counted !== undefined && request.headers.cookie === cp.admin.cookie) {
      handling.enterWith(counted);
    }
  };
  const onQuery = ({ sql }: { sql: string }) => {
    if (counted !== undefined && handling.getStore() === counted) {
      queries.push(sql);
    }
  };

  before(async () => {
    subscribe(REQUEST_STARTS, requestStarts);
    cp = await startControlPlane({ watch: { onQuery } });
    place = await buildApplication(cp);
  });
  afterEach(() => {
    Date.now = realNow;
  });
  after(async () => {
    unsubscribe(REQUEST_STARTS, requestStarts);
    await cp?.stop();
  });

  let skew = 0;
  /** The queries of a request when nothing is remembered of earlier ones. */
  async function count(request: () => Promise<unknown>): Promise<number> {
    skew += FORGOTTEN_MS;
    Date.now = () => realNow() + skew;
    await cp.admin.call('getUser');
    return (await queriesOf(request)).length;
  }

  async function queriesOf(request: () => Promise<unknown>): Promise<string[]> {
    queries = [];
    counted = Symbol('the request');
    try {
      await request();
    } finally {
      counted = undefined;
    }
    return queries;
  }

  /** Asks for a list when it is short and when it is long. */
  async function shortAndLong(
    add: () => Promise<unknown>,
    list: () => Promise<{ total: number }>,
  ): Promise<[number, number]> {
    await add();
    const short = await count(list);
    for (let n = 0; n < 30; n++) {
      await add();
    }
    const long = await count(list);
    assert.ok((await list()).total > 30);
    assert.ok(short > 0);
    return [short, long];
  }

  it('does not grow with the instances of a list', async () => {
    const list = () => cp.admin.call('listInstances', { params: { id: place.applicationId } });

    const [short, long] = await shortAndLong(() => buildInstance(cp, place.applicationId), list);

    assert.equal(short, long);
    assert.ok(long <= 3, `${long} queries`);
  });

  it('does not grow with the devices of a list', async () => {
    const add = () =>
      cp.admin.call('createDevice', { params: { id: place.teamId }, body: { name: uniqueName('device') } });
    const list = () => cp.admin.call('listTeamDevices', { params: { id: place.teamId } });

    const [short, long] = await shortAndLong(add, list);

    assert.equal(short, long);
    assert.ok(long <= 3, `${long} queries`);
  });

  it('does not grow with pipelines and their stages', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const add = async () => {
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: place.applicationId },
        body: { name: uniqueName('p') },
      });
      await cp.admin.call('createStage', {
        params: { id: pipeline.id },
        body: { name: 'Stage', instanceId: instance.id },
      });
    };
    const list = () => cp.admin.call('listPipelines', { params: { id: place.applicationId } });

    const [short, long] = await shortAndLong(add, list);

    assert.equal(short, long);
    assert.ok(long <= 9, `${long} queries`);
  });

  it('does not grow with what a search finds', async () => {
    const search = () =>
      cp.admin.call('searchTeam', { params: { id: place.teamId }, query: { q: 'instance', limit: 50 } });

    await buildInstance(cp, place.applicationId);
    const short = await count(search);
    for (let n = 0; n < 10; n++) {
      await buildInstance(cp, place.applicationId);
    }

    assert.equal(await count(search), short);
    assert.ok(short <= 12, `${short} queries`);
  });

  it('is at most three for one instance, and none for what was asked a moment ago', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const read = () => cp.admin.call('getInstance', { params: { id: instance.id } });

    assert.ok((await count(read)) <= 3);
    assert.deepEqual(await queriesOf(read), []);
  });
});

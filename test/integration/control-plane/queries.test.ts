import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

/** A moment longer than anything is remembered between requests. */
const FORGOTTEN_MS = 2100;

const QUIET_MS = 100;

/** The runner of deployments looks for work all the time, whoever asks for what. */
const OF_THE_RUNNER = new RegExp(
  `${/select .id. from .deployments. where .state. in/.source}|from .instance_changes. where .finished_at. is null order by`,
);

describe('The number of queries of a request', function () {
  this.timeout(60_000);
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };
  let queries: string[] = [];
  const realNow = Date.now;

  before(async () => {
    cp = await startControlPlane({ watch: { onQuery: ({ sql }) => queries.push(sql) } });
    place = await buildApplication(cp);
  });
  afterEach(() => {
    Date.now = realNow;
  });
  after(() => cp?.stop());

  let skew = 0;
  /** How many queries a request takes when nothing is remembered of earlier ones. */
  async function count(request: () => Promise<unknown>): Promise<number> {
    skew += FORGOTTEN_MS;
    Date.now = () => realNow() + skew;
    await cp.admin.call('getUser');
    await quiet();
    queries = [];
    await request();
    return queries.filter((sql) => !OF_THE_RUNNER.test(sql)).length;
  }

  /** What the driver reads of a new instance is over. */
  async function quiet(): Promise<void> {
    const others = () => queries.filter((sql) => !OF_THE_RUNNER.test(sql)).length;
    let before = -1;
    while (before !== others()) {
      before = others();
      await sleep(QUIET_MS);
    }
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

  it('is at most three for one instance, and none for what was asked a moment ago', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const read = () => cp.admin.call('getInstance', { params: { id: instance.id } });

    assert.ok((await count(read)) <= 3);
    queries = [];
    await read();
    assert.deepEqual(
      queries.filter((sql) => !OF_THE_RUNNER.test(sql)),
      [],
    );
  });
});

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type Fate, RolloutFleet } from '../../support/rollout-fleet.ts';

const TICK_MS = 50;
const FATES: Fate[] = ['works', 'works', 'works', 'works'];

describe('A deployment that two control planes could carry on', function () {
  this.timeout(120_000);
  let one: ControlPlaneInProcess;
  let other: ControlPlaneInProcess;
  let fleet: RolloutFleet;
  let knex: Knex;
  let ticking: NodeJS.Timeout;

  before(async () => {
    one = await startControlPlane({ database: 'postgres' });
    const databaseUrl = 'url' in one.database ? one.database.url : '';
    other = await startControlPlane({ config: { databaseUrl } });
    knex = openDatabase(one.database);
    fleet = await RolloutFleet.build(one, FATES);
    // Whichever process tells the devices: in the database they do as they are told.
    ticking = setInterval(() => {
      knex('devices')
        .whereNotNull('rollout_snapshot_id')
        .update({
          running_snapshot_id: knex.ref('rollout_snapshot_id'),
          current_generation: knex.ref('generation'),
          state: 'running',
          online: true,
        })
        .catch(() => {});
    }, TICK_MS);
  });
  after(async () => {
    clearInterval(ticking);
    fleet?.stop();
    await knex?.destroy();
    await other?.stop();
    await one?.stop();
  });

  const steps = async (id: string) =>
    (await one.admin.call('listDeploymentSteps', { params: { id }, query: {} })).items.map(
      ({ text }) => text,
    );

  it('is carried on by one of them, each step once', async () => {
    const push = await fleet.push({ waves: [{ count: 1 }, { count: 1 }, { count: 1 }], healthSeconds: 1 });
    const owners = new Set<string>();
    const done = await eventually(
      async () => {
        const row = await knex('deployments').where({ id: push.id }).first('lease_owner', 'state');
        owners.add(row.lease_owner);
        return row.state === 'succeeded' && fleet.view(push.id);
      },
      { withinMs: 30_000 },
    );
    owners.delete(null as never);

    assert.equal(done.counts.succeeded, 4);
    assert.equal(owners.size, 1);
    assert.deepEqual((await steps(push.id)).reverse().slice(1), [
      'It begins with 1 target.',
      'Wave 1 is through.',
      'Wave 2 begins with 1 target.',
      'Wave 2 is through.',
      'Wave 3 begins with 1 target.',
      'Wave 3 is through.',
      'Wave 4 begins with 1 target.',
      'It succeeded.',
    ]);
  });

  it('is left alone while a third one has it, and taken over when that has ended without a word', async () => {
    const push = await fleet.push({ startAt: new Date(Date.now() + 1000).toISOString() }, 2);
    const until = new Date(Date.now() + 4000).toISOString();
    await knex('deployments').where({ id: push.id }).update({ lease_owner: 'gone', lease_until: until });
    await sleep(2500);
    const early = await fleet.view(push.id);
    const done = await fleet.until(push.id, 'succeeded');
    const { items } = await one.admin.call('listDeploymentTargets', { params: { id: push.id }, query: {} });

    assert.equal(early.counts.waiting, 4);
    assert.equal(done.counts.succeeded, 4);
    assert.ok(items.every(({ toldAt }) => (toldAt ?? '') >= until));
    assert.ok(items.every(({ toldAt }) => Date.parse(toldAt ?? '') < Date.parse(until) + 10_000));
  });
});

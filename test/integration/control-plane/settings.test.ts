import assert from 'node:assert/strict';
import type { InstanceView, SettingKey, SettingsView } from '@flowyard/protocol';
import { buildApplication, buildInstance, buildMember, instanceIn } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

function item(view: SettingsView, key: SettingKey) {
  const found = view.items.find((candidate) => candidate.key === key);
  assert.ok(found);
  return found;
}

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Settings of instances (${database})`, function () {
    this.timeout(120_000);
    let cp: ControlPlaneInProcess;
    let place: { teamId: string; applicationId: string };
    let instance: InstanceView;

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
    });
    after(() => cp?.stop());
    beforeEach(async () => {
      instance = await buildInstance(cp, place.applicationId);
    });

    const params = () => ({ params: { id: instance.id } });
    const put = (values: object) => cp.admin.call('putInstanceSettings', { ...params(), body: { values } });
    const refused = (values: object) =>
      cp.admin.refused('putInstanceSettings', 422, { ...params(), body: { values } });

    it('are those of the platform at first, and say so', async () => {
      const view = await cp.admin.call('getInstanceSettings', params());

      assert.deepEqual(view.values, {});
      assert.ok(view.items.every(({ origin, locked }) => origin.kind === 'default' && !locked));
      assert.equal(view.restartNeeded, false);
    });

    it('are those of the instance once it has some, and can be given back', async () => {
      const view = await put({ 'editor.title': 'Line 4', 'http.corsOrigins': ['https://a.example'] });

      assert.equal(item(view, 'editor.title').value, 'Line 4');
      assert.equal(item(view, 'editor.title').origin.kind, 'instance');
      assert.equal(item(view, 'editor.title').inherited.value, null);
      const reset = await put({});
      assert.equal(item(reset, 'editor.title').origin.kind, 'default');
    });

    it('never show a secret, and keep it when it is sent back as it was shown', async () => {
      const npmrc = '//registry.example.com/:_authToken=very-secret';
      const view = await put({
        'palette.npmrc': npmrc,
        'login.user': 'rescue',
        'login.password': 'very-secret-password',
      });

      assert.ok(!JSON.stringify(view).includes('very-secret'));
      assert.deepEqual(view.values['palette.npmrc'], { set: true });
      assert.deepEqual(item(view, 'login.password').value, { set: true });
      const again = await put({ ...view.values, 'editor.title': 'x' });
      assert.deepEqual(item(again, 'palette.npmrc').value, { set: true });
      const entries = await cp.admin.call('listInstanceAudit', params());
      const changes = entries.items.filter(({ event }) => event === 'instance.settings-changed');
      assert.equal(changes.length, 2);
      assert.ok(!JSON.stringify(changes).includes('very-secret'));
    });

    it('are refused when they contradict each other or keep a secret that is not there', async () => {
      const basic = await refused({ 'http.access': 'basic' });
      assert.match(JSON.stringify(basic.details), /http\.basicUser.*http\.basicPassword/);
      await refused({ 'login.password': { set: true }, 'login.user': 'rescue' });
      await refused({ 'login.user': 'rescue' });
      await refused({ 'runtime.timeZone': 'Mars/Phobos' });
      await refused({ nonsense: 1 });
      assert.deepEqual((await cp.admin.call('getInstanceSettings', params())).values, {});
    });

    it('are for owners to change and for viewers to read', async () => {
      const member = await buildMember(cp, place.teamId, 'member');
      const viewer = await buildMember(cp, place.teamId, 'viewer');
      const owner = await buildMember(cp, place.teamId, 'owner');

      await viewer.client.call('getInstanceSettings', params());
      await member.client.refused('putInstanceSettings', 403, { ...params(), body: { values: {} } });
      await owner.client.call('putInstanceSettings', { ...params(), body: { values: {} } });
    });

    if (database === 'sqlite') {
      it('ask for a restart while the process runs with others, and only then', async () => {
        await cp.admin.call('controlInstance', { ...params(), body: { action: 'start' } });
        await instanceIn(cp, instance.id, 'running');

        const live = await put({ 'safety.crashes': 3 });
        assert.equal(live.restartNeeded, false);
        const changed = await put({ 'safety.crashes': 3, 'runtime.timeZone': 'Asia/Tokyo' });
        assert.equal(changed.restartNeeded, true);
        assert.equal(item(changed, 'runtime.timeZone').pending, true);
        assert.equal(item(changed, 'safety.crashes').pending, false);
        assert.equal((await put({})).restartNeeded, false);
        await put({ 'runtime.timeZone': 'Asia/Tokyo' });
        await cp.admin.call('controlInstance', { ...params(), body: { action: 'restart' } });
        await eventually(async () => !(await cp.admin.call('getInstanceSettings', params())).restartNeeded, {
          withinMs: 20_000,
        });
      });
    }
  });
}

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceView, TemplateContentInput } from '@flowyard/protocol';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildMember,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const EMPTY: TemplateContentInput = { settings: {}, locked: [], variables: [], modules: {}, flows: null };

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Templates (${database})`, function () {
    this.timeout(120_000);
    let cp: ControlPlaneInProcess;
    let place: { teamId: string; applicationId: string };

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
    });
    after(() => cp?.stop());

    const build = (content: Partial<TemplateContentInput> = {}) =>
      cp.admin.call('createTemplate', {
        body: { name: uniqueName('Template'), content: { ...EMPTY, ...content } },
      });
    const change = (id: string, content: Partial<TemplateContentInput>) =>
      cp.admin.call('updateTemplate', { params: { id }, body: { content: { ...EMPTY, ...content } } });
    const instanceOf = (templateId: string, start = false): Promise<InstanceView> =>
      cp.admin.call('createInstance', {
        params: { id: place.applicationId },
        body: { name: uniqueName('instance'), templateId, start },
      });
    const settingsOf = (id: string) => cp.admin.call('getInstanceSettings', { params: { id } });
    const settingOf = async (id: string, key: string) =>
      (await settingsOf(id)).items.find((item) => item.key === key);

    it('give their instances settings, which the instance may change unless they are locked', async () => {
      const template = await build({
        settings: { 'editor.title': 'Plant', 'http.access': 'flowyard' },
        locked: ['http.access'],
      });
      const { id } = await instanceOf(template.id);
      const put = { params: { id }, body: { values: { 'editor.title': 'Line' } } };

      assert.equal((await settingOf(id, 'editor.title'))?.origin.name, template.name);
      await cp.admin.call('putInstanceSettings', put);
      assert.equal((await settingOf(id, 'editor.title'))?.value, 'Line');
      assert.equal((await settingOf(id, 'http.access'))?.locked, true);
      const refused = await cp.admin.refused('putInstanceSettings', 422, {
        params: { id },
        body: { values: { 'http.access': 'none' } },
      });
      assert.match(refused.message, /locked by the template/);
      assert.equal((await settingOf(id, 'http.access'))?.value, 'flowyard');
    });

    it('give them variables, which win where they are locked', async () => {
      const template = await build({
        variables: [
          { name: 'BROKER', value: 'mqtt://plant', secret: false, locked: true },
          { name: 'LINE', value: '0', secret: false, locked: false },
          { name: 'TOKEN', value: 'very-secret', secret: true, locked: false },
        ],
      });
      const { id } = await instanceOf(template.id);
      const env = await cp.admin.call('setInstanceVariables', {
        params: { id },
        body: { items: [{ name: 'LINE', value: '4' }] },
      });

      assert.deepEqual(
        env.resolved.map(({ name, value, origin, locked }) => [name, value, origin.kind, locked]),
        [
          ['BROKER', 'mqtt://plant', 'template', true],
          ['LINE', '4', 'instance', false],
          ['TOKEN', null, 'template', false],
        ],
      );
      const refused = await cp.admin.refused('setInstanceVariables', 422, {
        params: { id },
        body: { items: [{ name: 'BROKER', value: 'mqtt://mine' }] },
      });
      assert.match(refused.message, /BROKER.*locked/);
      assert.ok(
        !JSON.stringify(await cp.admin.call('getTemplate', { params: { id: template.id } })).includes(
          'very-secret',
        ),
      );
    });

    it('have a version for each change, and the older ones can be had again, secrets too', async () => {
      const npmrc = '//registry.example.com/:_authToken=abc';
      const template = await build({ settings: { 'palette.npmrc': npmrc, 'editor.title': 'one' } });
      const second = await change(template.id, { settings: { 'editor.title': 'two' } });
      const same = await change(template.id, { settings: { 'editor.title': 'two' } });
      assert.deepEqual([template.version, second.version, same.version], [1, 2, 2]);

      const third = await cp.admin.call('restoreTemplateVersion', {
        params: { id: template.id },
        body: { version: 1 },
      });
      assert.equal(third.version, 3);
      assert.deepEqual(third.content.settings, { 'palette.npmrc': { set: true }, 'editor.title': 'one' });
      const kept = await change(template.id, {
        settings: { ...third.content.settings, 'editor.tours': true },
      });
      assert.deepEqual(kept.content.settings['palette.npmrc'], { set: true });
      const { items } = await cp.admin.call('listTemplateVersions', { params: { id: template.id } });
      assert.deepEqual(
        items.map(({ version }) => version),
        [4, 3, 2, 1],
      );
    });

    it('are refused where they do not go with an instance, with its name, and nothing changes', async () => {
      const template = await build();
      const { id, name } = await instanceOf(template.id);
      await cp.admin.call('putInstanceSettings', {
        params: { id },
        body: { values: { 'login.user': 'rescue', 'login.password': 'a long password' } },
      });

      const refused = await cp.admin.refused('updateTemplate', 409, {
        params: { id: template.id },
        body: {
          name: 'Renamed',
          content: { ...EMPTY, settings: { 'login.user': null }, locked: ['login.user'] },
        },
      });
      assert.equal(refused.code, 'instances_in_the_way');
      assert.match(JSON.stringify(refused.details), new RegExp(name));
      const now = await cp.admin.call('getTemplate', { params: { id: template.id } });
      assert.deepEqual([now.name, now.version], [template.name, 1]);
    });

    it('are refused when they contradict themselves or lock what they do not set', async () => {
      const send = (content: object) =>
        cp.admin.refused('createTemplate', 422, { body: { name: 'T', content: { ...EMPTY, ...content } } });

      await send({ settings: { 'http.access': 'basic' } });
      await send({ locked: ['editor.title'] });
      await send({ modules: { 'node-red-dashboard': '^3.0.0' } });
      await send({
        modules: { 'node-red-dashboard': '3.6.5' },
        settings: { 'palette.deny': ['node-red-dash*'] },
      });
      await send({ variables: [{ name: 'FLOWYARD_X', value: '1' }] });
      await send({
        variables: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      });
      await send({ settings: { 'palette.npmrc': { set: true } } });
    });

    it('are deleted only when nobody has them and they are not the default', async () => {
      const template = await build();
      const { id } = await instanceOf(template.id);
      const params = { id: template.id };

      assert.equal((await cp.admin.refused('deleteTemplate', 409, { params })).code, 'in_use');
      const other = await build();
      await cp.admin.call('setInstanceTemplate', { params: { id }, body: { templateId: other.id } });
      await cp.admin.call('updateTemplate', { params, body: { default: true } });
      assert.equal((await cp.admin.refused('deleteTemplate', 409, { params })).code, 'is_default');
      const { items } = await cp.admin.call('listTemplates');
      assert.equal(items.filter((item) => item.default).length, 1);
      await cp.admin.call('updateTemplate', { params: { id: other.id }, body: { default: true } });
      await cp.admin.call('deleteTemplate', { params });
      await cp.admin.refused('getTemplate', 404, { params });
    });

    it('are for administrators; others see only what they are called', async () => {
      const template = await build();
      const { client } = await buildMember(cp, place.teamId, 'owner');

      await client.refused('getTemplate', 403, { params: { id: template.id } });
      await client.refused('createTemplate', 403, { body: { name: 'Mine' } });
      const { items } = await client.call('listTemplates');
      assert.ok(items.some(({ id }) => id === template.id));
      assert.ok(items.every(({ instances }) => instances === null));
    });

    it('list the instances that differ from them, with what differs', async () => {
      const template = await build({
        settings: { 'editor.title': 'Plant', 'runtime.timeZone': 'Asia/Tokyo' },
        variables: [{ name: 'LINE', value: '0', secret: false, locked: false }],
      });
      const { id } = await instanceOf(template.id);
      await instanceOf(template.id);
      const params = { id: template.id };
      assert.deepEqual((await cp.admin.call('listTemplateDrift', { params })).items, []);

      await cp.admin.call('putInstanceSettings', {
        params: { id },
        body: { values: { 'editor.title': 'Mine' } },
      });
      await cp.admin.call('setInstanceVariables', {
        params: { id },
        body: { items: [{ name: 'LINE', value: '4' }] },
      });
      const { items, total } = await cp.admin.call('listTemplateDrift', { params });
      assert.equal(total, 1);
      assert.equal(items[0]?.id, id);
      assert.deepEqual(
        items[0]?.differences.map(({ name, template: wanted, instance }) => [name, wanted, instance]),
        [
          ['editor.title', 'Plant', 'Mine'],
          ['LINE', '0', '4'],
        ],
      );
    });

    it('can be exchanged for another one, unless that does not go with what the instance sets', async () => {
      const plain = await build();
      const strict = await build({ settings: { 'login.user': null }, locked: ['login.user'] });
      const { id } = await instanceOf(plain.id);
      const send = { params: { id }, body: { templateId: strict.id } };

      const view = await cp.admin.call('setInstanceTemplate', send);
      assert.equal(view.template.id, strict.id);
      await cp.admin.call('setInstanceTemplate', { params: { id }, body: { templateId: plain.id } });
      await cp.admin.call('putInstanceSettings', {
        params: { id },
        body: { values: { 'login.user': 'rescue', 'login.password': 'a long password' } },
      });
      await cp.admin.refused('setInstanceTemplate', 422, send);
      await cp.admin.refused('setInstanceTemplate', 422, { params: { id }, body: { templateId: id } });
    });

    it('and instances that are changed at the same time never end in what contradicts itself', async () => {
      const login = { 'login.user': 'rescue', 'login.password': 'a long password' };
      const plain = await build();
      const strict = await build({ settings: { 'login.user': null }, locked: ['login.user'] });
      const before = Date.now();
      await cp.admin.call('putInstanceSettings', {
        params: { id: (await instanceOf(plain.id)).id },
        body: { values: login },
      });
      // Sealing the password takes the most of it; the others come when that is nearly done.
      const tookMs = Date.now() - before;
      for (let n = 0; n < 8; n++) {
        const { id } = await instanceOf(plain.id);
        const other = await build();
        const { id: otherId } = await instanceOf(other.id);
        const own = { body: { values: login } };

        const settings = [id, otherId].map((each) =>
          cp.admin.send('PUT', `/instances/${each}/settings`, own),
        );
        await sleep((tookMs * n) / 8);
        const answers = await Promise.all([
          ...settings,
          cp.admin.send('PUT', `/instances/${id}/template`, { body: { templateId: strict.id } }),
          cp.admin.send('PATCH', `/templates/${other.id}`, {
            body: { content: { ...EMPTY, settings: { 'login.user': null }, locked: ['login.user'] } },
          }),
        ]);

        const statuses = answers.map(({ status }) => status);
        assert.ok(
          statuses.every((status) => [200, 409, 422].includes(status)),
          statuses.join(),
        );
        for (const each of [id, otherId]) {
          const user = await settingOf(each, 'login.user');
          const password = await settingOf(each, 'login.password');
          assert.equal(user?.value === null, password?.value === null, `${statuses.join()} of round ${n}`);
        }
      }
    });

    if (database === 'sqlite') {
      it('give new instances their flows, and reach running ones when they start again', async () => {
        const template = await build({
          flows: answeringFlow('from the template'),
          settings: { 'editor.title': 'one' },
        });
        const instance = await instanceOf(template.id, true);
        await instanceIn(cp, instance.id, 'running');
        await answers(instance, 'from the template');
        assert.equal((await settingsOf(instance.id)).template.runningVersion, 1);

        await change(template.id, { settings: { 'editor.title': 'two' } });
        const behind = await settingsOf(instance.id);
        assert.equal(behind.restartNeeded, true);
        const drift = await cp.admin.call('listTemplateDrift', { params: { id: template.id } });
        assert.deepEqual(
          drift.items.map(({ behind: isBehind, runningVersion }) => [isBehind, runningVersion]),
          [[true, 1]],
        );
        await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'restart' } });
        await eventually(async () => (await settingsOf(instance.id)).template.runningVersion === 2, {
          withinMs: 20_000,
        });
        assert.equal((await settingsOf(instance.id)).restartNeeded, false);
      });
    }
  });
}

import assert from 'node:assert/strict';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Variables and settings of devices, on ${database}`, () => {
    let cp: RunningControlPlane;
    let place: { teamId: string; applicationId: string };
    let device: { id: string; credentials: { token: string } };
    let groupId: string;
    let agent: AgentClient;

    before(async () => {
      cp = await startControlPlane({ database });
    });
    beforeEach(async () => {
      place = await buildApplication(cp);
      device = await cp.admin.call('createDevice', {
        params: { id: place.teamId },
        body: { name: uniqueName('device'), applicationId: place.applicationId },
      });
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: 'Fillers' },
      });
      groupId = group.id;
      await cp.admin.call('updateDeviceGroupMembers', {
        params: { id: groupId },
        body: { add: [device.id] },
      });
      agent = await AgentClient.connect(cp.url, device.credentials.token);
      agent.hello();
    });
    afterEach(() => agent?.close());
    after(() => cp?.stop());

    const items = (values: Record<string, string>) => ({
      items: Object.entries(values).map(([name, value]) => ({ name, value })),
    });
    const ofDevice = () => ({ params: { id: device.id } });
    const ofGroup = () => ({ params: { id: groupId } });

    it('count the nearer ones first, the snapshot between group and device, and say where they come from', async () => {
      const all = ['A', 'B', 'C', 'D', 'E'];
      const from = (level: string, names: string[]) =>
        items(Object.fromEntries(names.map((name) => [name, level])));
      await cp.admin.call('setPlatformVariables', { body: from('platform', ['P']) });
      await cp.admin.call('setTeamVariables', { params: { id: place.teamId }, body: from('team', all) });
      await cp.admin.call('setApplicationVariables', {
        params: { id: place.applicationId },
        body: from('application', all.slice(1)),
      });
      await cp.admin.call('setDeviceGroupVariables', { ...ofGroup(), body: from('group', all.slice(2)) });
      const instance = await buildInstance(cp, place.applicationId, {
        env: { D: 'snapshot', E: 'snapshot' },
      });
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id: instance.id },
        body: { name: 'One' },
      });
      await cp.admin.call('setDeviceTarget', { ...ofDevice(), body: { snapshotId: snapshot.id } });
      const { resolved } = await cp.admin.call('setDeviceVariables', {
        ...ofDevice(),
        body: from('device', ['E']),
      });

      assert.deepEqual(
        resolved.map(({ name, value, origin }) => [name, value, origin.kind]),
        [
          ['A', 'team', 'team'],
          ['B', 'application', 'application'],
          ['C', 'group', 'group'],
          ['D', 'snapshot', 'snapshot'],
          ['E', 'device', 'device'],
        ],
      );
      const { variables } = await agent.target((target) => target.variables.above.E === 'device');
      assert.deepEqual(variables, {
        below: { A: 'team', B: 'application', C: 'group', D: 'group' },
        above: { E: 'device' },
      });
    });

    it('reach the device with each change at every level, and a change of nothing does not', async () => {
      const told = async (name: string) =>
        (await agent.target(({ variables }) => name in variables.below)).generation;
      await cp.admin.call('setTeamVariables', { params: { id: place.teamId }, body: items({ TEAM: '1' }) });
      const first = await told('TEAM');
      const application = { params: { id: place.applicationId }, body: items({ APP: '1' }) };
      await cp.admin.call('setApplicationVariables', application);
      const second = await told('APP');
      await cp.admin.call('setApplicationVariables', application);
      await cp.admin.call('setDeviceGroupVariables', { ...ofGroup(), body: items({ GROUP: '1' }) });
      const third = await told('GROUP');
      assert.deepEqual([second - first, third - second], [1, 1]);

      await cp.admin.call('updateDeviceGroupMembers', { ...ofGroup(), body: { remove: [device.id] } });
      await agent.target(({ variables }) => !('GROUP' in variables.below));
    });

    it('keep secrets: set, used, never shown, not in the audit log', async () => {
      const secret = { name: 'PASSWORD', value: 'very-secret', secret: true };
      for (const [set, of] of [
        ['setDeviceVariables', ofDevice()],
        ['setDeviceGroupVariables', ofGroup()],
      ] as const) {
        const view = await cp.admin.call(set, { ...of, body: { items: [secret] } });
        assert.deepEqual(view.items, [{ name: 'PASSWORD', value: null, secret: true }]);
        const kept = await cp.admin.call(set, {
          ...of,
          body: { items: [{ name: 'PASSWORD', secret: true }] },
        });
        assert.ok(!JSON.stringify(kept).includes('very-secret'));
        await cp.admin.refused(set, 422, { ...of, body: { items: [{ name: 'NEW', secret: true }] } });
      }

      await agent.target(({ variables }) => variables.above.PASSWORD === 'very-secret');
      const { items: entries } = await cp.admin.call('listTeamAudit', { params: { id: place.teamId } });
      assert.ok(entries.some(({ event }) => event === 'device.variables-changed'));
      assert.ok(entries.some(({ event }) => event === 'device-group.variables-changed'));
      assert.ok(!JSON.stringify(entries).includes('very-secret'));
    });

    it('refuse names that are ours or no names, names twice, and more than is sensible', async () => {
      for (const name of ['FLOWYARD_TOKEN', '1A', '', '__proto__', 'A=B']) {
        await cp.admin.refused('setDeviceVariables', 422, {
          ...ofDevice(),
          body: { items: [{ name, value: 'x' }] },
        });
      }
      const many = Array.from({ length: 501 }, (_, index) => ({ name: `V${index}`, value: 'x' }));
      await cp.admin.refused('setDeviceVariables', 422, { ...ofDevice(), body: { items: many } });
      const twice = {
        items: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      };
      await cp.admin.refused('setDeviceGroupVariables', 422, { ...ofGroup(), body: twice });
      assert.deepEqual((await cp.admin.call('getDeviceVariables', ofDevice())).items, []);
    });

    it('are for members to set on devices, and for owners on groups', async () => {
      const { client } = await buildMember(cp, place.teamId, 'member');

      await client.call('setDeviceVariables', { ...ofDevice(), body: { items: [] } });
      await client.call('getDeviceGroupVariables', ofGroup());
      await client.refused('setDeviceGroupVariables', 403, { ...ofGroup(), body: { items: [] } });
    });

    it('have the settings of their group unless they set them themselves, and the device is told', async () => {
      await cp.admin.call('putDeviceGroupSettings', {
        ...ofGroup(),
        body: { values: { 'runtime.timeZone': 'Asia/Tokyo', 'runtime.debugLength': 500 } },
      });
      const view = await cp.admin.call('putDeviceSettings', {
        ...ofDevice(),
        body: { values: { 'runtime.debugLength': 700 } },
      });

      const shown = new Map(view.items.map((item) => [item.key, item]));
      const zone = shown.get('runtime.timeZone');
      assert.deepEqual(
        [zone?.value, zone?.origin.kind, zone?.origin.name],
        ['Asia/Tokyo', 'group', 'Fillers'],
      );
      const length = shown.get('runtime.debugLength');
      assert.deepEqual([length?.value, length?.origin.kind, length?.inherited.value], [700, 'device', 500]);
      assert.equal(shown.get('runtime.apiBodyMb')?.origin.kind, 'default');
      await agent.target(
        ({ settings }) =>
          settings['runtime.debugLength'] === 700 && settings['runtime.timeZone'] === 'Asia/Tokyo',
      );
    });

    it('refuse settings that a device cannot keep, contradict each other, or are no settings', async () => {
      const refused = (values: object) =>
        cp.admin.refused('putDeviceSettings', 422, { ...ofDevice(), body: { values } as never });
      await refused({ 'http.access': 'flowyard' });
      await refused({ 'palette.npmrc': 'x=y' });
      await refused({ 'runtime.debugLength': 1 });
      await refused({ 'runtime.timeZone': 'Mars/Olympus' });
      await refused({ 'http.access': 'basic' });
      await refused({ 'http.basicPassword': { set: true } });
      assert.deepEqual((await cp.admin.call('getDeviceSettings', ofDevice())).values, {});
    });

    it('hash the password of HTTP pages, keep it when asked to, and never show it', async () => {
      const values = {
        'http.access': 'basic',
        'http.basicUser': 'line',
        'http.basicPassword': 'correct horse',
      } as const;
      const view = await cp.admin.call('putDeviceGroupSettings', { ...ofGroup(), body: { values } });
      assert.deepEqual(view.values['http.basicPassword'], { set: true });
      const first = await agent.target(({ settings }) => settings['http.access'] === 'basic');
      assert.match(String(first.settings['http.basicPassword']), /^scrypt\$/);

      await cp.admin.call('putDeviceGroupSettings', {
        ...ofGroup(),
        body: { values: { ...values, 'http.basicPassword': { set: true }, 'runtime.debugLength': 300 } },
      });
      const second = await agent.target(({ settings }) => settings['runtime.debugLength'] === 300);
      assert.equal(second.settings['http.basicPassword'], first.settings['http.basicPassword']);
      const { items: entries } = await cp.admin.call('listTeamAudit', { params: { id: place.teamId } });
      assert.ok(entries.some(({ event }) => event === 'device-group.settings-changed'));
      assert.ok(!JSON.stringify(entries).includes('horse') && !JSON.stringify(entries).includes('scrypt'));
    });

    it('tell the device how it tries new snapshots, the device before its group', async () => {
      await cp.admin.call('putDeviceGroupSettings', {
        params: { id: groupId },
        body: { values: { 'trial.probePath': '/health', 'trial.stableSeconds': 60 } },
      });
      await cp.admin.call('putDeviceSettings', {
        params: { id: device.id },
        body: { values: { 'trial.stableSeconds': 7, 'trial.allowScripts': true } },
      });
      const { trial } = await agent.target((target) => target.trial.allowScripts);
      assert.deepEqual(trial, {
        stableSeconds: 7,
        startSeconds: 120,
        allowScripts: true,
        probe: { path: '/health', seconds: 30 },
      });
    });
  });
}

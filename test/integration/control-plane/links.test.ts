import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CallError } from '../../../nodes/src/link/calls.ts';
import { buildApplication } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type LinkedDevice, linkDevice, removeLinkFolders } from '../../support/flow-links.ts';

const KEPT = { confirm: 'kept', until: 0 } as const;
const DELIVERED = { confirm: 'delivered', until: 0 } as const;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Links between flows (${database})`, () => {
    let cp: ControlPlaneInProcess;
    let place: { teamId: string; applicationId: string };
    const open: LinkedDevice[] = [];

    const device = async (name: string, at = place): Promise<LinkedDevice> => {
      const made = await linkDevice(cp, at, name);
      open.push(made);
      return made;
    };
    const payloads = ({ arrived }: LinkedDevice) => arrived.map(({ message }) => message.payload);

    before(async () => {
      cp = await startControlPlane({ database });
    });

    after(async () => {
      await cp.stop();
    });

    beforeEach(async () => {
      place = await buildApplication(cp);
    });

    afterEach(async () => {
      await Promise.all(open.splice(0).map((one) => one.stop()));
      removeLinkFolders();
    });

    it('carry a message with its types to the flow of another device, which learns who sent it', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      receiver.hear('orders');
      const payload = { at: new Date(0), big: 12n, bytes: Buffer.from('x'), map: new Map([['a', 1]]) };

      await sender.links.send({ place: 'device', name: 'Filler 3', link: 'orders' }, { payload }, DELIVERED);

      assert.deepEqual(payloads(receiver), [payload]);
      assert.deepEqual(receiver.arrived[0]?.from, { kind: 'device', id: sender.id, name: 'Gateway' });
      assert.equal(receiver.arrived[0]?.call, null);
    });

    it('keep the order of many messages, and deliver each once', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      receiver.hear('orders');
      const to = { place: 'device', name: receiver.id, link: 'orders' } as const;

      await Promise.all(
        Array.from({ length: 2000 }, (_, index) => sender.links.send(to, { payload: index }, DELIVERED)),
      );

      assert.deepEqual(
        payloads(receiver),
        Array.from({ length: 2000 }, (_, index) => index),
      );
    });

    it('keep messages for somebody who is away, also over a restart of the sender', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      await receiver.stop();
      const to = { place: 'device', name: 'Filler 3', link: 'orders' } as const;
      for (let index = 0; index < 5; index += 1) {
        await sender.links.send(to, { payload: index }, KEPT);
      }
      await sender.stop();
      sender.start();
      await sender.links.send(to, { payload: 'after the restart' }, KEPT);
      assert.equal(sender.links.waiting, 6);

      receiver.start();
      receiver.hear('orders');

      await eventually(() => receiver.arrived.length === 6);
      assert.deepEqual(payloads(receiver), [0, 1, 2, 3, 4, 'after the restart']);
      await eventually(() => sender.links.waiting === 0);
    });

    it('wait until the flow there has a link in of that name', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      await receiver.isConnected();
      await sender.links.send({ place: 'device', name: 'Filler 3', link: 'orders' }, { payload: 1 }, KEPT);
      receiver.hear('others');

      receiver.hear('orders');

      await eventually(() => receiver.arrived.length === 1);
    });

    it('lose and double nothing when the receiver is restarted again and again', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      receiver.hear('orders');
      const to = { place: 'device', name: receiver.id, link: 'orders' } as const;
      const sending = (async () => {
        for (let index = 0; index < 600; index += 1) {
          await sender.links.send(to, { payload: index }, KEPT);
          if (index % 20 === 0) {
            await wait(5);
          }
        }
      })();

      for (let round = 0; round < 4; round += 1) {
        await wait(100);
        await receiver.stop();
        receiver.start();
        receiver.hear('orders');
        await receiver.isConnected();
      }
      await sending;

      await eventually(() => receiver.arrived.length >= 600);
      assert.deepEqual(
        payloads(receiver),
        Array.from({ length: 600 }, (_, index) => index),
      );
    });

    it('know what they took before, also when Node-RED is stopped right after it came', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      receiver.hear('orders');
      const to = { place: 'device', name: receiver.id, link: 'orders' } as const;
      await sender.links.send(to, { payload: 1 }, DELIVERED);
      const [stream] = [sender.links.outbox(to)?.stream ?? ''];

      await receiver.links.flush();

      const taken = readFileSync(join(receiver.userDir, 'flowyard-links/taken.json'), 'utf8');
      assert.ok(taken.includes(stream));
    });

    it('stop at the border of the team', async () => {
      const stranger = await device('Filler 3', await buildApplication(cp));
      stranger.hear('orders', 'team');
      const sender = await device('Gateway');

      for (const name of ['Filler 3', stranger.id]) {
        await assert.rejects(
          sender.links.send({ place: 'device', name, link: 'orders' }, { payload: 1 }, DELIVERED),
          /There is no such device/,
        );
      }
      assert.equal(stranger.arrived.length, 0);
    });

    it('pass into another application only where the link in hears the team', async () => {
      const other = await cp.admin.call('createApplication', {
        params: { id: place.teamId },
        body: { name: 'Packing' },
      });
      const receiver = await device('Packer', { teamId: place.teamId, applicationId: other.id });
      receiver.hear('closed');
      receiver.hear('open', 'team');
      const sender = await device('Gateway');
      await receiver.isConnected();

      await sender.links.send({ place: 'device', name: 'Packer', link: 'open' }, { payload: 1 }, DELIVERED);
      await assert.rejects(
        sender.links.send({ place: 'device', name: 'Packer', link: 'closed' }, { payload: 2 }, DELIVERED),
        /hears its own application only/,
      );
      await assert.rejects(
        sender.links.call(
          { place: 'device', name: 'Packer', link: 'closed' },
          { payload: 3 },
          { timeoutMs: 5000, all: false },
        ),
        /hears its own application only/,
      );

      assert.deepEqual(payloads(receiver), [1]);
    });

    it('ask for the id when two devices have the same name', async () => {
      await device('Filler 3');
      const second = await device('Filler 3');
      second.hear('orders');
      const sender = await device('Gateway');

      await assert.rejects(
        sender.links.send({ place: 'device', name: 'Filler 3', link: 'orders' }, { payload: 1 }, DELIVERED),
        /2 devices are called “Filler 3”. Use the id/,
      );
      await sender.links.send(
        { place: 'device', name: second.id, link: 'orders' },
        { payload: 1 },
        DELIVERED,
      );
    });

    it('answer calls, and say in words why there is no answer', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      receiver.links.listen({
        listener: { link: 'level', hears: 'application' },
        onMessage: ({ message, call }) =>
          call && receiver.links.answer(call, { payload: `${message.payload}: 42` }),
      });
      receiver.hear('silent');
      const call = (link: string, timeoutMs = 10_000) =>
        sender.links.call(
          { place: 'device', name: 'Filler 3', link },
          { payload: 'tank 1' },
          { timeoutMs, all: false },
        );
      await sender.isConnected();
      await receiver.isConnected();

      // What the receiver listens to may arrive after the question.
      const { answers } = await eventually(() =>
        call('level').catch((error: CallError) => {
          assert.equal(error.code, 'away');
          return null;
        }),
      );

      assert.deepEqual(answers[0]?.message, { payload: 'tank 1: 42' });
      assert.equal(answers[0]?.from.name, 'Filler 3');
      await assert.rejects(call('silent', 50), { code: 'timeout' });
      await assert.rejects(call('unknown'), { code: 'away' });
    });

    describe('with a group', () => {
      let members: LinkedDevice[];
      let sender: LinkedDevice;

      beforeEach(async () => {
        sender = await device('Gateway');
        members = [await device('Press 1'), await device('Press 2'), await device('Press 3')];
        const group = await cp.admin.call('createDeviceGroup', {
          params: { id: place.applicationId },
          body: { name: 'Presses' },
        });
        await cp.admin.call('updateDeviceGroupMembers', {
          params: { id: group.id },
          body: { add: members.map(({ id }) => id), remove: [] },
        });
        await Promise.all([sender, ...members].map((one) => one.isConnected()));
      });

      it('give each member the message, later those that are away', async () => {
        const [first, second, third] = members as [LinkedDevice, LinkedDevice, LinkedDevice];
        first.hear('recipe');
        second.hear('recipe');
        await third.stop();

        for (const payload of ['A', 'B']) {
          await sender.links.send(
            { place: 'device-group', name: 'Presses', link: 'recipe' },
            { payload },
            KEPT,
          );
        }
        await eventually(() => first.arrived.length === 2 && second.arrived.length === 2);
        third.start();
        third.hear('recipe');

        await eventually(() => third.arrived.length === 2);
        for (const member of members) {
          assert.deepEqual(payloads(member), ['A', 'B']);
        }
      });

      it('collect the answers, and name who did not answer and who is away', async () => {
        const [first, second, third] = members as [LinkedDevice, LinkedDevice, LinkedDevice];
        first.links.listen({
          listener: { link: 'level', hears: 'application' },
          onMessage: ({ call }) => call && first.links.answer(call, { payload: 7 }),
        });
        second.hear('level');
        await third.stop();
        await eventually(async () => {
          const result = await sender.links.call(
            { place: 'device-group', name: 'Presses', link: 'level' },
            {},
            { timeoutMs: 300, all: true },
          );
          const { answers, silent, away } = result;
          assert.deepEqual(
            answers.map(({ from, message }) => [from.name, message.payload]),
            [['Press 1', 7]],
          );
          assert.deepEqual(
            [silent, away].map((list) => list.map(({ name }) => name)),
            [['Press 2'], ['Press 3']],
          );
          return true;
        });
      });

      it('give a message to any one of those that are there', async () => {
        const [first, second] = members as [LinkedDevice, LinkedDevice];
        first.hear('job');
        second.hear('job');
        await eventually(async () => {
          await sender.links.send(
            { place: 'any-of', name: 'Presses', link: 'job' },
            { payload: 0 },
            DELIVERED,
          );
          return first.arrived.length > 0 && second.arrived.length > 0;
        });
        const before = first.arrived.length + second.arrived.length;

        for (let index = 0; index < 10; index += 1) {
          await sender.links.send(
            { place: 'any-of', name: 'Presses', link: 'job' },
            { payload: index },
            DELIVERED,
          );
        }

        assert.equal(first.arrived.length + second.arrived.length, before + 10);
      });
    });

    it('end when the device is deleted, and keep what waits', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      receiver.hear('orders');
      await sender.isConnected();

      await cp.admin.call('deleteDevice', { params: { id: sender.id } });

      await eventually(() => sender.links.state.connection === 'lost');
      await sender.links.send({ place: 'device', name: receiver.id, link: 'orders' }, { payload: 1 }, KEPT);
      assert.equal(sender.links.waiting, 1);
      assert.equal(receiver.arrived.length, 0);
    });

    it('are counted for Prometheus', async () => {
      const [sender, receiver] = [await device('Gateway'), await device('Filler 3')];
      receiver.hear('orders');
      await sender.links.send(
        { place: 'device', name: receiver.id, link: 'orders' },
        { payload: 1 },
        DELIVERED,
      );
      const { token } = await cp.admin.call('createAccessToken', { body: { name: 'prometheus' } });

      const metrics = await fetch(`${cp.url}/metrics`, { headers: { authorization: `Bearer ${token}` } });

      const text = await metrics.text();
      assert.match(text, /flowyard_link_connections [2-9]/);
      assert.match(text, /flowyard_link_messages_total [1-9]/);
    });
  });
}

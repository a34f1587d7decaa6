import assert from 'node:assert/strict';
import type { LinkAddress, LinkRequest, LinkRuntime } from '@flowyard/protocol';
import { CallError } from '../../../../nodes/src/link/calls.ts';
import { GroupSender } from '../../../../nodes/src/link/group-sender.ts';
import { RefusedError } from '../../../../nodes/src/link/queue/outbox.ts';

const GROUP = { place: 'device-group', name: 'Presses', link: 'recipe' } as const;
const PRESSES: LinkRuntime[] = ['1', '2'].map((id) => ({ kind: 'device', id, name: `Press ${id}` }));

describe('A message to a group', () => {
  let asked: LinkRequest[];
  let given: string[];
  let told: string[];
  let warnings: string[];
  /** What the queue of a member says against its next message. */
  let refusals: Map<string, Error>;
  let sender: GroupSender;

  beforeEach(() => {
    asked = [];
    given = [];
    told = [];
    warnings = [];
    refusals = new Map();
    sender = new GroupSender({
      outboxTo: ({ name }: LinkAddress) => ({
        give: async () => {
          const error = refusals.get(name);
          refusals.delete(name);
          if (error !== undefined) {
            throw error;
          }
          given.push(name);
        },
        taken: () => told.push('taken'),
        notTaken: () => told.push('put back'),
        refused: (message) => told.push(message),
      }),
      send: (request) => asked.push(request),
      warn: (text) => warnings.push(text),
    });
  });

  async function send(answer: LinkRuntime[] | CallError = PRESSES): Promise<void> {
    const entry = { number: 7, at: 0, until: 0, body: Buffer.from('a') };
    const sending = sender.send({ to: GROUP, stream: 's', after: 0, entries: [entry] });
    const question = asked.at(-1) as Extract<LinkRequest, { type: 'resolve' }>;
    sender.answered(question.id, answer);
    await sending;
  }

  it('is kept for each member', async () => {
    await send();

    assert.deepEqual(given, ['1', '2']);
    assert.deepEqual(told, ['taken']);
  });

  it('is tried again for those alone for whom it could not be kept', async () => {
    for (const _again of [1, 2]) {
      refusals.set('2', new Error('The disk is full.'));
      await send();
    }
    await send();

    assert.deepEqual(given, ['1', '2']);
    assert.deepEqual(told, ['put back', 'put back', 'taken']);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /for Press 2: The disk is full/);
  });

  it('does not wait for a member to whom nothing can be sent', async () => {
    refusals.set('2', new RefusedError('There is no such device.'));

    await send();

    assert.deepEqual(given, ['1']);
    assert.deepEqual(told, ['taken']);
    assert.match(warnings[0] ?? '', /for Press 2: There is no such device/);
  });

  it('waits while the control plane cannot say who is in the group, and fails when there is none', async () => {
    await send(new CallError('away', 'The connection was lost.'));
    await send(new CallError('not_found', 'There is no such device group.'));

    assert.deepEqual(told, ['put back', 'There is no such device group.']);
  });
});

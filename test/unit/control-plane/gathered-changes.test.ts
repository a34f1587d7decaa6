import assert from 'node:assert/strict';
import type { EntityChange } from '../../../control-plane/src/relay/changes.ts';
import { GatheredChanges } from '../../../control-plane/src/relay/gathered-changes.ts';
import { eventually } from '../../support/eventually.ts';

const deviceChange = (id: string): EntityChange => ({
  kind: 'device',
  id,
  teamId: 'team1',
  applicationId: null,
});

describe('Changes that people look at', () => {
  it('are sent once for each thing, and again when it changes while they are sent', async () => {
    const sent: string[][] = [];
    let finish = () => {};
    const gathered = new GatheredChanges(async (changes) => {
      sent.push(changes.map(({ id }) => id));
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    });

    for (const id of ['a', 'b', 'a']) {
      gathered.add(deviceChange(id));
    }
    await eventually(() => sent.length === 1);
    gathered.add(deviceChange('a'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(sent, [['a', 'b']]);
    finish();
    await eventually(() => sent.length === 2);
    finish();

    assert.deepEqual(sent, [['a', 'b'], ['a']]);
  });

  it('of a whole fleet are sent together, although they come over a while', async () => {
    const sent: number[] = [];
    const gathered = new GatheredChanges(async (changes) => {
      sent.push(changes.length);
    });

    for (let device = 0; device < 100; device++) {
      gathered.add(deviceChange(`first ${device}`));
    }
    await new Promise((resolve) => setTimeout(resolve, 60));
    gathered.add(deviceChange('later'));
    await eventually(() => sent.length > 0);

    assert.deepEqual(sent, [101]);
  });

  it('are not sent any more once nobody is to be told', async () => {
    const sent: EntityChange[][] = [];
    const gathered = new GatheredChanges(async (changes) => {
      sent.push(changes);
    });

    gathered.add(deviceChange('a'));
    gathered.stop();
    await new Promise((resolve) => setTimeout(resolve, 60));

    assert.deepEqual(sent, []);
  });
});

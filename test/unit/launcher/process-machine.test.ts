import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  DEFAULT_TIMES,
  INITIAL_STATE,
  type MachineContext,
  next,
  type ProcessAction,
  type ProcessInput,
  type ProcessState,
  statusOf,
} from '../../../launcher/src/process-machine.ts';
import { DEFAULT_RESTART_POLICY, type ExitFacts } from '../../../launcher/src/restart-policy.ts';

const FACTS: ExitFacts = {
  code: 1,
  signal: null,
  message: null,
  hung: false,
  blamed: null,
  startError: null,
  lastLines: [],
};

function contextAt(now: number): MachineContext {
  return { now, times: DEFAULT_TIMES, policy: DEFAULT_RESTART_POLICY };
}

const told = (
  state: 'starting' | 'running' | 'safe' | 'error',
  flowsRevision: number | null = 1,
): ProcessInput => ({
  type: 'told',
  report: { state, reason: null, step: null, flowsRevision },
});
const exited = (facts: Partial<ExitFacts> = {}): ProcessInput => ({
  type: 'exited',
  facts: { ...FACTS, ...facts },
});
const WANT: ProcessInput = { type: 'want', running: true };
const DO_NOT_WANT: ProcessInput = { type: 'want', running: false };
const TIME_OUT: ProcessInput = { type: 'time-out' };

function run(inputs: ProcessInput[], from: ProcessState = INITIAL_STATE) {
  let state = from;
  const actions: ProcessAction[] = [];
  let timeoutMs: number | null | undefined;
  for (const input of inputs) {
    const transition = next(state, input, contextAt(0));
    state = transition.state;
    timeoutMs = transition.timeoutMs;
    if (transition.action) {
      actions.push(transition.action);
    }
  }
  return { state, actions, timeoutMs, status: statusOf(state) };
}

describe('the machine of a Node-RED process', () => {
  it('starts one when it is wanted, and calls it running when it says so', () => {
    const { actions, status } = run([WANT, { type: 'spawned' }, told('starting'), told('running', 3)]);

    assert.deepEqual(actions, ['spawn']);
    assert.deepEqual(status, { state: 'running', reason: null, step: null, flowsRevision: 3 });
  });

  it('starts only one, however often it is wanted', () => {
    const { actions } = run([WANT, WANT, told('running'), WANT]);

    assert.deepEqual(actions, ['spawn']);
  });

  it('waits for a process that runs already instead of starting one', () => {
    const found = run([WANT, { type: 'found' }]);
    const adopted = run([told('running')], found.state);

    assert.equal(found.timeoutMs, DEFAULT_TIMES.adoptMs);
    assert.equal(adopted.status.state, 'running');
  });

  it('replaces a process that runs but does not report, without calling that a crash', () => {
    const { actions, state, status } = run([WANT, { type: 'found' }, TIME_OUT, exited()]);

    assert.deepEqual(actions, ['spawn', 'kill', 'spawn']);
    assert.equal(state.crashes, 0);
    assert.equal(status.state, 'starting');
  });

  it('starts one at once when the one that ran before ended before it reported', () => {
    const { actions, status } = run([WANT, { type: 'found' }, exited()]);

    assert.deepEqual(actions, ['spawn', 'spawn']);
    assert.equal(status.state, 'starting');
  });

  it('asks a process to end, then ends it, and is stopped when it has', () => {
    const asked = run([WANT, told('running'), DO_NOT_WANT]);
    const forced = run([TIME_OUT, exited()], asked.state);

    assert.deepEqual(asked.actions, ['spawn', 'terminate']);
    assert.equal(asked.timeoutMs, DEFAULT_TIMES.stopMs);
    assert.equal(asked.status.state, 'stopping');
    assert.deepEqual(forced.actions, ['kill']);
    assert.equal(forced.status.state, 'stopped');
  });

  it('looks for a forgotten process when it should be stopped, and ends that', () => {
    const { actions } = run([DO_NOT_WANT, { type: 'found' }]);

    assert.deepEqual(actions, ['look', 'terminate']);
  });

  it('restarts by ending and starting, and starts at once what waited after a crash', () => {
    const running = run([WANT, told('running'), { type: 'restart' }, exited()]);
    const waiting = run([WANT, told('running'), exited(), { type: 'restart' }]);

    assert.deepEqual(running.actions, ['spawn', 'terminate', 'spawn']);
    assert.deepEqual(waiting.actions, ['spawn', 'spawn']);
    assert.equal(waiting.state.crashes, 0);
  });

  it('starts again after a stop that was taken back while it was under way', () => {
    const { actions } = run([WANT, told('running'), DO_NOT_WANT, WANT, exited()]);

    assert.deepEqual(actions, ['spawn', 'terminate', 'spawn']);
  });

  it('waits longer after each crash, then starts in safe mode with the reason', () => {
    let state = run([WANT, told('running')]).state;
    const waits: unknown[] = [];
    for (let crash = 0; crash < 5; crash += 1) {
      const crashed = run([exited({ message: 'boom' })], state);
      waits.push(crashed.timeoutMs);
      state = run([TIME_OUT, told('running')], crashed.state).state;
    }
    const safe = run([told('safe')], state);

    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000]);
    assert.match(safe.status.reason ?? '', /boom \(5 times in a row\)/);
  });

  it('counts what did not answer as a crash of its own kind', () => {
    const { actions, status } = run([WANT, told('running'), { type: 'hung' }, exited()]);

    assert.deepEqual(actions, ['spawn', 'kill']);
    assert.equal(status.state, 'crashed');
    assert.match(status.reason ?? '', /did not answer/);
  });

  it('does not call it a crash of the flows when a process never said hello', () => {
    const { actions, status } = run([WANT, { type: 'spawned' }, TIME_OUT, exited()]);

    assert.deepEqual(actions, ['spawn', 'kill']);
    assert.equal(status.state, 'crashed');
  });

  it('never starts a second process before the first one ended', () => {
    const input = fc.oneof(
      fc.constantFrom<ProcessInput>(WANT, DO_NOT_WANT, TIME_OUT, { type: 'restart' }, { type: 'hung' }),
      fc.constant(told('running')),
      fc.constant(exited()),
    );

    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        let state = INITIAL_STATE;
        let alive = false;
        for (const each of inputs) {
          // Only a living process says something or ends.
          if ((each.type === 'told' || each.type === 'exited') && !alive) {
            continue;
          }
          alive = each.type === 'exited' ? false : alive;
          const transition = next(state, each, contextAt(0));
          state = transition.state;
          if (transition.action === 'spawn') {
            assert.equal(alive, false);
            alive = true;
          }
        }
      }),
    );
  });
});

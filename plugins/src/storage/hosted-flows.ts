import { setTimeout as wait } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type {
  FlowsStore,
  NewerFlows,
  RuntimeFlows,
  RuntimeFlowsChange,
  RuntimeHost,
} from '@flowyard/protocol';
import { ControlPlaneClient, type Outcome, type RemoteFlows } from './control-plane-client.ts';
import { LocalCopy, type PendingDeploy } from './local-copy.ts';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;

/**
 * The flows of a hosted instance. They live in the control plane; the local copy stands in while it is away.
 *
 * A deploy while it is away runs at once, is kept as a file, and is delivered when the control plane is back. When
 * the flows were changed there meanwhile, the deploy is put aside and said so: neither side overwrites the other.
 */
export class HostedFlows implements FlowsStore {
  readonly #host: RuntimeHost;
  readonly #remote: ControlPlaneClient;
  readonly #local: LocalCopy;
  readonly #closing = new AbortController();
  #current: RemoteFlows | null = null;
  #pending: PendingDeploy | null = null;
  #delivering: Promise<void> | undefined;
  /** Reading and writing never overlap: a reload during a deploy would take the deploy's own revision for news. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(host: RuntimeHost) {
    this.#host = host;
    this.#remote = new ControlPlaneClient(host);
    this.#local = new LocalCopy(host.folder);
  }

  revision(): number | null {
    return this.#current?.revision ?? null;
  }

  read(): Promise<RuntimeFlows> {
    return this.#alone(() => this.#read());
  }

  write(change: RuntimeFlowsChange, user: Record<string, unknown> | undefined): Promise<void> {
    return this.#alone(() => this.#write(change, user));
  }

  readNewer(revision: number): Promise<NewerFlows | null> {
    return this.#alone(() => this.#readNewer(revision));
  }

  async #read(): Promise<RuntimeFlows> {
    await this.#host.bound;
    this.#pending ??= await this.#local.readPending();
    if (this.#pending && !(await this.#tryToDeliver())) {
      this.#current = this.#pending;
      this.#deliverLater();
      return this.#current;
    }
    this.#current = await this.#readRemoteOrLocal();
    return this.#current;
  }

  async #write(change: RuntimeFlowsChange, user: Record<string, unknown> | undefined): Promise<void> {
    const current = this.#current ?? { revision: 0, flows: [], credentials: {} };
    const identity = typeof user?.identity === 'string' ? user.identity : undefined;
    // What is pending was never delivered, so its credentials go along although they did not change since.
    const credentials = change.credentials ?? (this.#pending ? current.credentials : undefined);
    const next = { flows: change.flows, credentials: credentials ?? current.credentials };
    const request = { revision: current.revision, flows: change.flows, credentials };
    const outcome = await this.#remote.write(request, identity);
    switch (outcome.kind) {
      case 'ok':
        await this.#delivered({ ...next, revision: outcome.value });
        return;
      case 'conflict':
        this.#host.emit('flows.conflict', { revision: current.revision });
        throw conflictError();
      case 'refused':
        throw Object.assign(new Error(`The deploy was refused: ${outcome.message}`), {
          code: 'deploy_refused',
          status: outcome.status,
        });
      case 'away':
        this.#host.log(
          'warn',
          `The control plane is away (${outcome.message}); the deploy is delivered later`,
        );
        await this.#keep({ ...next, revision: current.revision, identity, at: new Date().toISOString() });
    }
  }

  async #readNewer(revision: number): Promise<NewerFlows | null> {
    if (this.#pending && !(await this.#tryToDeliver())) {
      return null;
    }
    const known = this.#current;
    // Before the first reading nothing is known to be old.
    if (!known || known.revision >= revision) {
      return null;
    }
    const outcome = await this.#remote.read();
    if (outcome.kind !== 'ok') {
      throw new Error(`The control plane does not give the flows: ${problemOf(outcome)}`);
    }
    const credentialsChanged = !isDeepStrictEqual(known.credentials, outcome.value.credentials);
    return { ...outcome.value, credentialsChanged };
  }

  /** What runs is known at once; its file takes its turn, since a deploy that follows writes the same one. */
  async accept(newer: NewerFlows): Promise<void> {
    const { revision, flows, credentials } = newer;
    const accepted = { revision, flows, credentials };
    this.#current = accepted;
    await this.#alone(async () => {
      if (this.#current === accepted) {
        await this.#copy(accepted);
      }
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#delivering?.catch(() => {});
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(work);
    this.#busy = result.catch(() => {});
    return result;
  }

  async #readRemoteOrLocal(): Promise<RemoteFlows> {
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      const outcome = await this.#remote.read();
      if (outcome.kind === 'ok') {
        this.#host.setStep(null);
        await this.#copy(outcome.value);
        return outcome.value;
      }
      const local = await this.#local.read();
      if (local) {
        this.#host.log('warn', `Starting with the local copy of the flows: ${problemOf(outcome)}`);
        return local;
      }
      this.#host.setStep(`waiting for the control plane: ${problemOf(outcome)}`);
      await wait(waitMs, undefined, { signal: this.#closing.signal });
    }
  }

  async #delivered(flows: RemoteFlows): Promise<void> {
    this.#current = flows;
    this.#pending = null;
    await this.#copy(flows);
    await this.#local.removePending();
  }

  /** The control plane has these flows, so a disk that is full must not keep them from running. */
  async #copy(flows: RemoteFlows): Promise<void> {
    try {
      await this.#local.write(flows);
    } catch (error) {
      this.#host.log(
        'warn',
        `The local copy of the flows could not be written, so a start while the control plane is away would ` +
          `bring older ones: ${error instanceof Error ? error.message : error}`,
      );
    }
  }

  async #keep(deploy: PendingDeploy): Promise<void> {
    await this.#local.writePending(deploy);
    this.#pending = deploy;
    this.#current = deploy;
    this.#deliverLater();
  }

  #deliverLater(): void {
    this.#delivering ??= this.#deliver().finally(() => {
      this.#delivering = undefined;
    });
    // It ends by an abort only when the process ends; the file waits for the next start.
    this.#delivering.catch(() => {});
  }

  async #deliver(): Promise<void> {
    for (let waitMs = FIRST_WAIT_MS; this.#pending; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      await wait(waitMs * (0.5 + Math.random()), undefined, { signal: this.#closing.signal, ref: false });
      if (await this.#alone(() => this.#tryToDeliver())) {
        return;
      }
    }
  }

  /** True when nothing is pending any more: delivered, or put aside because of a conflict. */
  async #tryToDeliver(): Promise<boolean> {
    const deploy = this.#pending;
    if (!deploy) {
      return true;
    }
    const { flows, credentials } = deploy;
    const outcome = await this.#deliverOnce(deploy);
    if (outcome.kind === 'ok') {
      this.#host.log('info', 'The deploy that was made while the control plane was away has been delivered');
      await this.#delivered({ revision: outcome.value, flows, credentials });
      this.#host.flowsRevisionChanged();
      return true;
    }
    if (outcome.kind === 'away' || isNotKnown(outcome)) {
      return false;
    }
    return this.#settleConflict(deploy, outcome.kind === 'refused' ? outcome.message : null);
  }

  /** The control plane may have been away for longer than the person's sign-in was good for. */
  async #deliverOnce({ revision, flows, credentials, identity }: PendingDeploy): Promise<Outcome<number>> {
    const change = { revision, flows, credentials };
    const outcome = await this.#remote.write(change, identity);
    return identity !== undefined && isNotKnown(outcome) ? this.#remote.write(change, undefined) : outcome;
  }

  async #settleConflict(deploy: PendingDeploy, refusal: string | null): Promise<boolean> {
    const there = await this.#remote.read();
    if (there.kind === 'away') {
      return false;
    }
    if (there.kind === 'ok' && isDeepStrictEqual(there.value.flows, deploy.flows)) {
      // It had arrived; only the answer got lost.
      await this.#delivered(there.value);
      this.#host.flowsRevisionChanged();
      return true;
    }
    const file = await this.#local.setAside(deploy);
    this.#pending = null;
    this.#host.log(
      'error',
      `A deploy made while the control plane was away could not be delivered, because ${
        refusal ?? 'the flows were changed there meanwhile'
      }. It is kept in ${file}.`,
    );
    this.#host.emit('flows.conflict', { revision: deploy.revision, at: deploy.at, file });
    return true;
  }
}

/** Refused for who we are, not for what we send: a restored backup or a wrong address, which may be put right. */
function isNotKnown(outcome: Outcome<unknown>): boolean {
  return outcome.kind === 'refused' && [401, 403, 404].includes(outcome.status);
}

function problemOf(outcome: { kind: string; message?: string }): string {
  return outcome.message ?? outcome.kind;
}

/** What the editor takes for "the flows on the server have been updated": it keeps the edits and offers to merge. */
function conflictError(): Error {
  return Object.assign(new Error('The flows were changed elsewhere since they were loaded'), {
    code: 'version_mismatch',
    status: 409,
  });
}

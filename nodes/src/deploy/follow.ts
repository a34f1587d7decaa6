import type { DeploymentView, LiveMessage } from '@flowyard/protocol';
import { LiveClient } from '../shared/live-client';
import type { Platform } from '../shared/platform';

const ENDS: ReadonlySet<DeploymentView['state']> = new Set(['succeeded', 'failed', 'aborted', 'rolled-back']);

export interface FollowOptions {
  platform: Platform;
  deploymentId: string;
  /** Each time something about it that a flow may act on has changed. */
  onChange: (deployment: DeploymentView) => void;
}

/** It cannot be read from here, or it was stopped. */
export class FollowError extends Error {
  override name = 'FollowError';
}

/** What is worth a message: not each per cent of progress, but where it is and how its targets are. */
function newsOf({ state, message, wave, counts }: DeploymentView): string {
  return JSON.stringify([state, message, wave, counts]);
}

/** Follows a deployment until its end; it may rest for days, waiting for approval or a maintenance window. */
export class Follow {
  readonly ended: Promise<DeploymentView>;
  readonly #client: LiveClient;
  readonly #options: FollowOptions;
  #news = '';
  #resolve: (deployment: DeploymentView) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(options: FollowOptions) {
    this.#options = options;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#client = new LiveClient({
      platform: options.platform,
      topics: [`deployment/${options.deploymentId}`],
      onMessage: (message) => this.#hear(message),
      onState: () => {},
    });
  }

  async close(): Promise<void> {
    this.#reject(new FollowError('The flows were stopped; the deployment goes on.'));
    await this.#client.close();
  }

  #hear(message: LiveMessage): void {
    if (message.type === 'error') {
      this.#reject(new FollowError(message.error.message));
      return;
    }
    if (message.type !== 'value' || message.value === null) {
      return;
    }
    const deployment = message.value as DeploymentView;
    const news = newsOf(deployment);
    if (news !== this.#news) {
      this.#news = news;
      this.#options.onChange(deployment);
    }
    if (ENDS.has(deployment.state)) {
      this.#resolve(deployment);
    }
  }
}

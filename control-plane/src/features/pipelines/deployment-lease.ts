import type { Stores } from '../../db/stores.ts';
import { newId } from '../../ids.ts';
import type { DeploymentProgress, DeploymentRow } from './deployment-row.ts';
import type { LeaseClaim } from './deployment-store.ts';

/** So long a process that ended without a word keeps others from going on. */
const LEASE_MS = 5000;

/** The right of this process to carry deployments on: one process at a time has it, and renews it as long as it lives. */
export class DeploymentLease {
  readonly owner = newId();
  readonly #leaseMs: number;
  /** Until when nobody else can have taken a deployment over. */
  readonly #heldUntil = new Map<string, number>();

  constructor(leaseMs = LEASE_MS) {
    this.#leaseMs = leaseMs;
  }

  /** What this process claims from now on. */
  claim(): LeaseClaim {
    const now = Date.now();
    return {
      owner: this.owner,
      now: new Date(now).toISOString(),
      until: new Date(now + this.#leaseMs).toISOString(),
    };
  }

  /**
   * Takes a deployment further that this process carries on, and renews the right to it; false when another one has it,
   * or somebody changed the deployment.
   */
  advance(stores: Stores, deployment: DeploymentRow, to: DeploymentProgress): Promise<boolean> {
    return stores.deployments.advance(deployment, to, this.claim());
  }

  /** Whether this process has it; asks the database for that once in a while only. */
  async holds(stores: Stores, deploymentId: string): Promise<boolean> {
    if ((this.#heldUntil.get(deploymentId) ?? 0) > Date.now()) {
      return true;
    }
    const until = Date.now() + this.#leaseMs / 2;
    const holds = await stores.deployments.hold(deploymentId, this.claim());
    this.#heldUntil.set(deploymentId, holds ? until : 0);
    return holds;
  }

  /** It was taken in a transaction that has just been committed. */
  taken(deploymentId: string): void {
    this.#heldUntil.set(deploymentId, Date.now() + this.#leaseMs / 2);
  }

  /** Nobody carries it on any more. */
  forget(deploymentId: string): void {
    this.#heldUntil.delete(deploymentId);
  }

  /** Another process may go on at once. */
  async releaseAll(stores: Stores): Promise<void> {
    await stores.deployments.releaseAll(this.owner);
  }
}

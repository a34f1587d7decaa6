const DEADLOCK = '40P01';
const MOST_TRIES = 5;

/**
 * Runs a transaction, and once more when PostgreSQL ended it because it and another one waited for each other: it has
 * changed nothing then. That happens when two write the same rows in another order, such as parts of snapshots.
 */
export async function despiteDeadlocks<T>(transact: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await transact();
    } catch (error) {
      if (!isDeadlock(error) || tries === MOST_TRIES) {
        throw error;
      }
    }
  }
}

function isDeadlock(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === DEADLOCK;
}

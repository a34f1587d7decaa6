import type { Transaction } from '../../db/database.ts';
import type { Changes } from '../../relay/changes.ts';

/** After a team was deleted, restored, suspended or resumed: everything of it looks again at what it should be. */
export async function wakeTeam(tx: Transaction, changes: Changes, teamId: string): Promise<void> {
  const instances = await tx.stores.recycleBin.instanceIdsOf(teamId);
  const devices = await tx.stores.recycleBin.deviceIdsOf(teamId);
  tx.announce({ kind: 'team', id: teamId, teamId, applicationId: null });
  tx.afterCommit(() => {
    changes.emit('access', { kind: 'access', userId: null });
    for (const instanceId of instances) {
      changes.emit('instance', { instanceId });
    }
    changes.emit('targets', { deviceIds: devices });
  });
}

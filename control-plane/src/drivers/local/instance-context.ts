import type { LinkHub } from '@flowyard/launcher';
import type { Logger } from 'pino';
import type { DriverHost } from '../driver.ts';
import type { LimitGroups } from './cgroups.ts';
import type { InstanceFolders } from './instance-folders.ts';
import type { LaunchSurroundings } from './launch.ts';
import type { StartGate } from './start-gate.ts';
import type { WarmPool } from './warm-pool.ts';

/** What all instances of the driver share. */
export interface HostedInstanceContext {
  host: DriverHost;
  hub: LinkHub;
  folders: InstanceFolders;
  pool: WarmPool;
  gate: StartGate;
  limits: LimitGroups;
  surroundings: LaunchSurroundings;
  logger: Logger;
  /** The instance is gone, with its process and folder. */
  onRemoved: (instanceId: string) => void;
}

import { EventEmitter } from 'node:events';
import type { LiveEntityKind } from '@flowyard/protocol';

/** Something that people look at has changed. Readers fetch what it is now. */
export interface EntityChange {
  kind: LiveEntityKind | 'team' | 'stack' | 'notification';
  id: string;
  teamId: string | null;
  applicationId: string | null;
}

/** Somebody's rights have changed: what they see must be checked again. */
export interface AccessChange {
  kind: 'access';
  /** Null: those of everybody. */
  userId: string | null;
}

interface Events {
  change: [EntityChange];
  access: [AccessChange];
  /** The targets of these devices are to be sent again. */
  targets: [{ deviceIds: string[] }];
  /** The target of an instance is to be made true. */
  instance: [{ instanceId: string }];
  /** Something was written into the audit log. */
  audit: [];
}

/** Announcements inside the control plane. They say that something changed, never what: the database is the truth. */
export class Changes extends EventEmitter<Events> {
  constructor() {
    super();
    this.setMaxListeners(50);
  }

  entity(change: EntityChange): void {
    this.emit('change', change);
  }
}

import type { AuditEntryView } from '@flowyard/protocol';

/** A person, at the page, through an access token, or at the editor of an instance. */
export interface UserActor {
  kind: 'user';
  userId: string;
  username: string;
  name: string;
  admin: boolean;
  via: 'page' | 'token' | 'editor';
  sessionId: string | null;
  /** The access token, where a program acts for the person. */
  tokenId?: string;
  /** Only this team; set by limited tokens and by editors. */
  onlyTeamId: string | null;
  /** Only this application; nothing that belongs to the team as a whole. */
  onlyApplicationId: string | null;
  readOnly: boolean;
  /** The network address that the request came from. */
  address?: string;
}

/** A hosted Node-RED itself: its plugins and palette nodes. */
export interface InstanceActor {
  kind: 'instance';
  instanceId: string;
}

/** A device's agent, and the palette nodes that run on the device. */
export interface DeviceActor {
  kind: 'device';
  deviceId: string;
}

export interface SystemActor {
  kind: 'system';
}

/** Whether an actor may reach a part only of what its person may. */
export function isLimited(actor: UserActor): boolean {
  return actor.onlyTeamId !== null || actor.onlyApplicationId !== null;
}

export type Actor = UserActor | InstanceActor | DeviceActor | SystemActor;

export const SYSTEM: SystemActor = { kind: 'system' };

/** Who it was, as the audit log keeps it. */
export interface AuditActor {
  kind: AuditEntryView['actor']['kind'];
  id: string | null;
  name: string;
  via: AuditEntryView['via'];
  address?: string | null;
}

/** How an actor stands in the audit log; `name` is that of the instance or device where it is one. */
export function auditActor(actor: Actor, name?: string): AuditActor {
  switch (actor.kind) {
    case 'user':
      return {
        kind: 'user',
        id: actor.userId,
        name: actor.username,
        via: actor.via,
        address: actor.address ?? null,
      };
    case 'instance':
      return { kind: 'instance', id: actor.instanceId, name: name ?? actor.instanceId, via: 'agent' };
    case 'device':
      return { kind: 'device', id: actor.deviceId, name: name ?? actor.deviceId, via: 'agent' };
    case 'system':
      return { kind: 'system', id: null, name: 'Flowyard', via: 'system' };
  }
}

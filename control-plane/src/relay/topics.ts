import type { ApplicationRole, LiveEntityKind, Permission } from '@flowyard/protocol';
import { type Actor, isLimited } from '../access/actor.ts';
import type { Access } from '../access/authorize.ts';
import { forbidden, notFound, unauthenticated } from '../errors.ts';

export type TopicKind = 'platform' | 'notifications' | 'team' | Exclude<LiveEntityKind, 'snapshot'>;

export interface Topic {
  kind: TopicKind;
  id: string;
  /** A part of it that has a stream of its own. */
  part: 'log' | 'counts' | null;
}

/** What a reader of a topic may see in it. */
export interface TopicAccess {
  role: ApplicationRole | null;
  maySee: (applicationId: string | null) => boolean;
  roleIn: (applicationId: string | null) => ApplicationRole | null;
}

const NEEDS: Record<Exclude<TopicKind, 'platform' | 'notifications'>, Permission> = {
  team: 'instance:read',
  application: 'application:read',
  instance: 'instance:read',
  device: 'device:read',
  'device-group': 'device-group:read',
  pipeline: 'pipeline:read',
  deployment: 'pipeline:read',
};

/** The parts of a topic whose form was checked already. */
export function parseTopic(topic: string): Topic {
  const [kind, id = '', part = null] = topic.split('/');
  return { kind: kind as TopicKind, id, part: part as Topic['part'] };
}

/** @throws AppError when the topic is not there or may not be read */
export async function authorizeTopic(access: Access, actor: Actor, topic: string): Promise<TopicAccess> {
  const { kind, id } = parseTopic(topic);
  if (kind === 'platform' || kind === 'notifications') {
    if (actor.kind !== 'user') {
      throw unauthenticated('Only people read this topic.');
    }
    if (kind === 'notifications' && isLimited(actor)) {
      throw forbidden('This sign-in is limited to a part of the platform. Read this on the page.');
    }
    return { role: null, maySee: () => true, roleIn: () => null };
  }
  const { role, teamId } = await access.authorize(actor, NEEDS[kind], kind, id);
  if (kind !== 'team') {
    return { role, maySee: () => true, roleIn: () => role };
  }
  if (actor.kind !== 'user') {
    throw notFound('team');
  }
  const roleIn = await access.rolesIn(actor, teamId);
  return {
    role,
    roleIn,
    maySee: (applicationId) => {
      const own = roleIn(applicationId);
      return own !== null && own !== 'none';
    },
  };
}

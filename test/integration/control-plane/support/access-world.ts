import type { ApplicationRole, Role } from '@flowyard/protocol';
import type { ScopeKind } from '../../../../control-plane/src/access/scope-store.ts';
import { ApiClient } from '../../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../../../support/builders.ts';
import type { RunningControlPlane } from '../../../support/control-plane.ts';

/** A thing of each kind in one application, and the device that belongs to the team alone. */
export interface World {
  teamId: string;
  applicationId: string;
  ids: Record<ScopeKind, string>;
  looseDeviceId: string;
  /** In the recycle bin. */
  binnedInstanceId: string;
  /** A blueprint of the team. */
  blueprintId: string;
}

/** Somebody who asks, and what they are by the words of the documentation. */
export interface Person {
  who: string;
  client: ApiClient;
  /** Null for whoever is not in the team. */
  teamRole: Role | null;
  override: ApplicationRole | null;
  signedIn: boolean;
  admin: boolean;
  readOnly: boolean;
  /** Reaches only a part of what its person may. */
  limited: 'application' | 'other-team' | null;
}

/** One of everything that a permission can be checked on. */
export async function buildWorld(cp: RunningControlPlane): Promise<World> {
  const { teamId, applicationId } = await buildApplication(cp);
  const params = { id: applicationId };
  const instance = await buildInstance(cp, applicationId);
  const target = await buildInstance(cp, applicationId);
  const snapshot = await cp.admin.call('createInstanceSnapshot', {
    params: { id: instance.id },
    body: { name: uniqueName('snapshot') },
  });
  const device = await cp.admin.call('createDevice', {
    params: { id: teamId },
    body: { name: uniqueName('device'), applicationId },
  });
  const loose = await cp.admin.call('createDevice', {
    params: { id: teamId },
    body: { name: uniqueName('loose') },
  });
  const group = await cp.admin.call('createDeviceGroup', { params, body: { name: uniqueName('group') } });
  const pipeline = await cp.admin.call('createPipeline', { params, body: { name: uniqueName('pipeline') } });
  const stages = { params: { id: pipeline.id } };
  const withStage = await cp.admin.call('createStage', {
    ...stages,
    body: { name: 'from', instanceId: instance.id },
  });
  const stageId = withStage.stages[0]?.id ?? '';
  await cp.admin.call('createStage', { ...stages, body: { name: 'to', instanceId: target.id } });
  const binned = await buildInstance(cp, applicationId);
  await cp.admin.call('deleteInstance', { params: { id: binned.id } });
  const { deployment } = await cp.admin.call('deployStage', {
    params: { id: stageId },
    body: { snapshotId: snapshot.id },
  });
  const blueprint = await cp.admin.call('createBlueprint', {
    body: { snapshotId: snapshot.id, name: uniqueName('blueprint') },
  });
  return {
    teamId,
    applicationId,
    blueprintId: blueprint.id,
    looseDeviceId: loose.id,
    binnedInstanceId: binned.id,
    ids: {
      team: teamId,
      application: applicationId,
      instance: instance.id,
      device: device.id,
      'device-group': group.id,
      snapshot: snapshot.id,
      pipeline: pipeline.id,
      stage: stageId,
      deployment: deployment.id,
    },
  };
}

const TEAM_ROLES = ['owner', 'member', 'viewer', 'dashboard'] as const;
const OVERRIDES: ReadonlyArray<[Role, ApplicationRole]> = [
  ['viewer', 'member'],
  ['dashboard', 'owner'],
  ['member', 'viewer'],
  ['member', 'dashboard'],
  ['member', 'none'],
  ['viewer', 'none'],
];

/** Everybody who could ask. */
export async function buildPeople(cp: RunningControlPlane, world: World): Promise<Person[]> {
  const outside = await buildApplication(cp);
  const plain = { override: null, signedIn: true, admin: false, readOnly: false, limited: null };
  const people: Person[] = [
    { ...plain, who: 'nobody', client: cp.visitor(), teamRole: null, signedIn: false },
    { ...plain, who: 'the administrator', client: cp.admin, teamRole: 'owner', admin: true },
    { ...plain, who: 'a person of no team', client: (await buildMember(cp, null)).client, teamRole: null },
    {
      ...plain,
      who: 'an owner of another team',
      client: (await buildMember(cp, outside.teamId, 'owner')).client,
      teamRole: null,
    },
  ];
  for (const role of TEAM_ROLES) {
    const { client } = await buildMember(cp, world.teamId, role);
    people.push({ ...plain, who: `a ${role}`, client, teamRole: role });
  }
  for (const [role, override] of OVERRIDES) {
    const { client, userId } = await buildMember(cp, world.teamId, role);
    await cp.admin.call('setApplicationRole', {
      params: { id: world.applicationId, userId },
      body: { role: override },
    });
    people.push({
      ...plain,
      who: `a ${role} who is ${override} in the application`,
      client,
      teamRole: role,
      override,
    });
  }
  return [...people, ...(await buildSuspended(cp, world)), ...(await buildTokens(cp, world, outside.teamId))];
}

/** An owner who is suspended, with the cookie and the token of before. */
async function buildSuspended(cp: RunningControlPlane, world: World): Promise<Person[]> {
  const { client, userId } = await buildMember(cp, world.teamId, 'owner');
  const { token } = await client.call('createAccessToken', { body: { name: 'token' } });
  await cp.admin.call('changeUser', { params: { id: userId }, body: { suspended: true } });
  const suspended = {
    teamRole: 'owner',
    override: null,
    signedIn: false,
    admin: false,
    readOnly: false,
    limited: null,
  } as const;
  return [
    { ...suspended, who: 'a suspended owner', client },
    { ...suspended, who: "a suspended owner's token", client: new ApiClient(cp.url, token) },
  ];
}

/** A world of its own in which everybody is, to be suspended or deleted whole. */
export async function buildWorldWithPeople(
  cp: RunningControlPlane,
): Promise<{ world: World; people: Person[] }> {
  const world = await buildWorld(cp);
  return { world, people: await buildPeople(cp, world) };
}

async function buildTokens(cp: RunningControlPlane, world: World, otherTeamId: string): Promise<Person[]> {
  const owner = await buildMember(cp, world.teamId, 'owner');
  await cp.admin.call('addMember', {
    params: { id: otherTeamId },
    body: { username: owner.username, role: 'owner' },
  });
  const program = async (body: { teamId?: string; applicationId?: string; readOnly?: boolean }) => {
    const { token } = await owner.client.call('createAccessToken', { body: { name: 'token', ...body } });
    return new ApiClient(cp.url, token);
  };
  const plain = { override: null, signedIn: true, admin: false, readOnly: false, limited: null };
  const asOwner = { ...plain, teamRole: 'owner' as const };
  return [
    { ...asOwner, who: "an owner's token", client: await program({}) },
    {
      ...asOwner,
      who: "an owner's read-only token",
      client: await program({ readOnly: true }),
      readOnly: true,
    },
    {
      ...asOwner,
      who: "an owner's token for the application",
      client: await program({ applicationId: world.applicationId }),
      limited: 'application',
    },
    {
      ...asOwner,
      who: "an owner's token for another team",
      client: await program({ teamId: otherTeamId }),
      limited: 'other-team',
    },
  ];
}

import type { FlowNode, InstanceView } from '@flowyard/protocol';
import { type ApiClient, getFromInstance } from './api-client.ts';
import { ADMIN_PASSWORD, type RunningControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';

let count = 0;

/** A name that nothing else in this run has. */
export function uniqueName(prefix: string): string {
  count++;
  return `${prefix}-${count}`;
}

/** A team with one application, made by the administrator. */
export async function buildApplication(
  cp: RunningControlPlane,
): Promise<{ teamId: string; applicationId: string }> {
  const team = await cp.admin.call('createTeam', { body: { name: uniqueName('Team') } });
  const application = await cp.admin.call('createApplication', {
    params: { id: team.id },
    body: { name: uniqueName('Application') },
  });
  return { teamId: team.id, applicationId: application.id };
}

/** A person, signed in, with a role in a team. */
export async function buildMember(
  cp: RunningControlPlane,
  teamId: string | null,
  role: 'owner' | 'member' | 'viewer' | 'dashboard' = 'member',
): Promise<{ client: ApiClient; userId: string; username: string }> {
  const username = uniqueName(role);
  const user = await cp.admin.call('createUser', { body: { username, password: ADMIN_PASSWORD } });
  if (teamId !== null) {
    await cp.admin.call('addMember', { params: { id: teamId }, body: { username, role } });
  }
  const client = cp.visitor();
  await client.signIn(username, ADMIN_PASSWORD);
  return { client, userId: user.id, username };
}

/** A hosted instance; unless told otherwise it is stopped. */
export async function buildInstance(
  cp: RunningControlPlane,
  applicationId: string,
  overrides: { name?: string; start?: boolean; env?: Record<string, string>; flows?: FlowNode[] } = {},
): Promise<InstanceView> {
  const { flows, ...rest } = overrides;
  const instance = await cp.admin.call('createInstance', {
    params: { id: applicationId },
    body: { name: uniqueName('instance'), start: false, ...rest },
  });
  if (flows !== undefined) {
    await cp.admin.call('putFlows', { params: { id: instance.id }, body: { revision: 0, flows } });
  }
  return instance;
}

/** Resolves when the instance is in that state. */
export function instanceIn(
  cp: RunningControlPlane,
  id: string,
  state: InstanceView['state'],
): Promise<InstanceView> {
  return eventually(
    async () => {
      const instance = await cp.admin.call('getInstance', { params: { id } });
      return instance.state === state && instance;
    },
    { withinMs: 30_000 },
  );
}

/** A flow that answers `text` at the path. */
export function answeringFlow(text: string, path = '/answer'): FlowNode[] {
  return [
    { id: 'tab1', type: 'tab', label: 'Answering' },
    {
      id: 'in1',
      type: 'http in',
      z: 'tab1',
      url: path,
      method: 'get',
      wires: [['function1']],
      x: 100,
      y: 80,
    },
    {
      id: 'function1',
      type: 'function',
      z: 'tab1',
      func: `msg.payload = ${JSON.stringify(text)};\nreturn msg;`,
      outputs: 1,
      wires: [['out1']],
      x: 260,
      y: 80,
    },
    { id: 'out1', type: 'http response', z: 'tab1', wires: [], x: 420, y: 80 },
  ];
}

/** Resolves when the instance answers that text. */
export async function answers(instance: InstanceView, text: string, path = '/answer'): Promise<void> {
  await eventually(async () => (await getFromInstance(instance.url, path)).body === text, {
    withinMs: 30_000,
  });
}

/** Replaces the flows of an instance as they are now. */
export async function deploy(
  cp: RunningControlPlane,
  instanceId: string,
  flows: FlowNode[],
): Promise<number> {
  const { revision } = await cp.admin.call('getFlows', { params: { id: instanceId } });
  const deployed = await cp.admin.call('putFlows', { params: { id: instanceId }, body: { revision, flows } });
  return deployed.revision;
}

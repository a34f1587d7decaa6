import type {
  ContentsComparison,
  DeploymentAction,
  DeploymentView,
  DeviceView,
  DiffView,
  DryRunView,
  FlowNode,
  InstanceView,
  LogLine,
  PipelineView,
  SnapshotPart,
  SnapshotView,
} from '@flowyard/protocol';
import { t } from './translate';

/** The runtime's part of the plugin, or the control plane behind it, refused. */
export class ApiError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What the sidebar works with: the hosted instance or the device whose editor this is. */
export interface Place {
  kind: 'instance' | 'device';
  id: string;
}

interface List<T> {
  items: T[];
  nextCursor?: string | null;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Of an answer that says nothing itself; of none at all the browser tells only that. */
function wordsOf({ status, statusText }: JQuery.jqXHR): string {
  return status === 0 ? t('noAnswer') : statusText;
}

/** By jQuery and not by fetch: it carries the editor's sign-in where there is one. Addresses are relative. */
export function request<T>(method: Method, path: string, body?: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    $.ajax({
      url: `flowyard/${path}`,
      method,
      dataType: 'json',
      ...(body === undefined ? {} : { contentType: 'application/json', data: JSON.stringify(body) }),
    }).then(
      (answer) => resolve(answer as T),
      (answer: JQuery.jqXHR) => {
        const error = answer.responseJSON?.error as { code: string; message: string } | undefined;
        reject(new ApiError(error?.code ?? String(answer.status), error?.message ?? wordsOf(answer)));
      },
    );
  });
}

const LIMIT = 200;
const get = <T>(path: string) => request<T>('GET', `api${path}`);
const post = <T>(path: string, body: unknown) => request<T>('POST', `api${path}`, body);
const list = <T>(
  path: string,
  cursor: string | null = null,
  { limit = LIMIT, search = '' }: { limit?: number; search?: string } = {},
) => {
  const query = { limit: String(limit), ...(cursor && { cursor }), ...(search && { search }) };
  return get<List<T>>(`${path}?${new URLSearchParams(query)}`);
};
const own = ({ kind, id }: Place) => `/${kind}s/${id}`;

/** With what this editor's sidebar works. */
export interface Seat {
  id: string;
  /** The address of the control plane. */
  url: string;
  place: Place;
  /** Whether Flowyard runs this Node-RED; else the person has signed in from it. */
  isHome: boolean;
  /** Who has signed in from there. */
  person: string | null;
}

/** How far a person is with signing in, as `plugins/src/sidebar/runtime/sign-in/sign-ins.ts` says it. */
export type SignInState =
  | { state: 'signed-out'; url: string | null; message: string | null }
  | { state: 'waiting'; url: string; code: string; page: string; expiresAt: string }
  | {
      state: 'signed-in';
      url: string;
      person: { name: string; username: string };
      place: Place | null;
    };

/** Something that a Node-RED can work with which Flowyard does not run. */
export interface ChoosablePlace extends Place {
  name: string;
  application: string | null;
}

/** The API of the control plane, as far as `plugins/src/sidebar/runtime/passages.ts` lets it through. */
export const api = {
  readSeat: () => request<Seat>('GET', 'seat'),
  readSignIn: () => request<SignInState>('GET', 'sign-in'),
  beginSignIn: (url: string) => request<SignInState>('POST', 'sign-in', { url }),
  signOut: () => request<null>('DELETE', 'sign-in'),
  choosePlace: (place: Place) => request<null>('PUT', 'place', place),
  /** The team in which this Node-RED may act, with what one can work with. */
  listPlaces: async (): Promise<ChoosablePlace[]> => {
    const [team] = (await list<{ id: string }>('/teams')).items;
    if (team === undefined) {
      return [];
    }
    const [instances, devices] = await Promise.all([
      list<InstanceView>(`/teams/${team.id}/instances`),
      list<DeviceView>(`/teams/${team.id}/devices`),
    ]);
    const choosable =
      (kind: Place['kind']) =>
      ({ id, name, application }: InstanceView | DeviceView): ChoosablePlace => ({
        kind,
        id,
        name,
        application: application?.name ?? null,
      });
    return [...instances.items.map(choosable('instance')), ...devices.items.map(choosable('device'))];
  },
  readPlace: (place: Place) => get<InstanceView | DeviceView>(own(place)),
  listSnapshots: (place: Place, cursor: string | null, search = '') =>
    list<SnapshotView>(`${own(place)}/snapshots`, cursor, { limit: 50, search }),
  takeSnapshot: (place: Place, body: { name: string; description?: string }) =>
    post<SnapshotView>(`${own(place)}/snapshots`, body),
  readSnapshotFlows: (id: string) => get<{ flows: FlowNode[] }>(`/snapshots/${id}/flows`),
  compareSnapshots: (beforeId: string, afterId: string) =>
    get<DiffView>(`/snapshots/${beforeId}/diff/${afterId}`),
  /** What differs from a snapshot to the one that a device says it runs; what was changed on it since is not known. */
  compareWithDevice: (id: string, deviceId: string) =>
    get<ContentsComparison>(`/snapshots/${id}/diff/device/${deviceId}`),
  changeSnapshot: (id: string, body: { name?: string; description?: string; pinned?: boolean }) =>
    request<SnapshotView>('PATCH', `api/snapshots/${id}`, body),
  removeSnapshot: (id: string) => request<null>('DELETE', `api/snapshots/${id}`),
  exportSnapshot: (id: string, body: { parts: SnapshotPart[]; credentialSecret?: string }) =>
    post<Record<string, unknown>>(`/snapshots/${id}/export`, body),
  importSnapshot: (place: Place, body: ImportBody) =>
    post<{ snapshot: SnapshotView; leftOut: string[] }>(`${own(place)}/snapshots/import`, body),
  setTarget: (place: Place, snapshotId: string | null) =>
    request<unknown>('PUT', `api${own(place)}/target-snapshot`, { snapshotId }),
  /** Of what is deployed here, in a Node-RED that Flowyard does not run. */
  takeOwnSnapshot: (body: { name: string; description?: string; credentials: boolean }) =>
    request<SnapshotView>('POST', 'own-snapshot', body),
  rollBack: (instanceId: string, snapshotId: string) =>
    post<{ instance: InstanceView }>(`/instances/${instanceId}/rollback`, { snapshotId }),
  listPipelines: (applicationId: string) => list<PipelineView>(`/applications/${applicationId}/pipelines`),
  listSnapshotsOf: (applicationId: string, cursor: string | null = null) =>
    list<SnapshotView>(`/applications/${applicationId}/snapshots`, cursor),
  dryRun: (stageId: string, snapshotId: string | null) =>
    get<DryRunView>(`/stages/${stageId}/dry-run${snapshotId === null ? '' : `?snapshotId=${snapshotId}`}`),
  push: (stageId: string, snapshotId: string | null) =>
    post<{ deployment: DeploymentView }>(
      `/stages/${stageId}/deploy`,
      snapshotId === null ? {} : { snapshotId },
    ),
  controlDeployment: (id: string, body: { action: DeploymentAction; targets?: 'all' | 'rest' }) =>
    post<DeploymentView>(`/deployments/${id}/actions`, body),
  decideDeployment: (id: string, body: { approve: boolean; reason?: string }) =>
    post<DeploymentView>(`/deployments/${id}/approval`, body),
  listDevices: (applicationId: string, cursor: string | null) =>
    list<DeviceView>(`/applications/${applicationId}/devices`, cursor),
  readDeviceLog: (id: string, lines: number) =>
    get<{ items: LogLine[] }>(`/devices/${id}/logs?lines=${lines}`),
};

export interface ImportBody {
  file: Record<string, unknown>;
  name: string;
  credentialSecret?: string;
  parts?: SnapshotPart[];
}

/** What is deployed in this Node-RED, by its own API: it answers also when Flowyard does not. */
export function readDeployed(): Promise<FlowNode[]> {
  return new Promise((resolve, reject) => {
    $.ajax({ url: 'flows', dataType: 'json', headers: { 'Node-RED-API-Version': 'v2' } }).then(
      (answer: { flows: FlowNode[] }) => resolve(answer.flows),
      (answer: JQuery.jqXHR) => reject(new ApiError(String(answer.status), wordsOf(answer))),
    );
  });
}

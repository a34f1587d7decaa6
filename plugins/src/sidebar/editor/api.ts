import type {
  DeploymentView,
  DeviceView,
  InstanceView,
  PipelineView,
  SnapshotView,
} from '@flowyard/protocol';

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
        reject(new ApiError(error?.code ?? String(answer.status), error?.message ?? answer.statusText));
      },
    );
  });
}

const LIMIT = 200;
const get = <T>(path: string) => request<T>('GET', `api${path}`);
const post = <T>(path: string, body: unknown) => request<T>('POST', `api${path}`, body);
const list = <T>(path: string, cursor: string | null = null, limit = LIMIT) =>
  get<List<T>>(`${path}?${new URLSearchParams({ limit: String(limit), ...(cursor && { cursor }) })}`);
const own = ({ kind, id }: Place) => `/${kind}s/${id}`;

/** With what this editor's sidebar works. */
export interface Seat {
  id: string;
  /** The address of the control plane. */
  url: string;
  place: Place;
}

/** The API of the control plane, as far as `plugins/src/sidebar/runtime/passages.ts` lets it through. */
export const api = {
  readSeat: () => request<Seat>('GET', 'seat'),
  readPlace: (place: Place) => get<InstanceView | DeviceView>(own(place)),
  listSnapshots: (place: Place, cursor: string | null) =>
    list<SnapshotView>(`${own(place)}/snapshots`, cursor, 50),
  takeSnapshot: (place: Place, body: { name: string; description?: string }) =>
    post<SnapshotView>(`${own(place)}/snapshots`, body),
  rollBack: (instanceId: string, snapshotId: string) =>
    post<{ instance: InstanceView }>(`/instances/${instanceId}/rollback`, { snapshotId }),
  listPipelines: (applicationId: string) => list<PipelineView>(`/applications/${applicationId}/pipelines`),
  listSnapshotsOf: (applicationId: string) => list<SnapshotView>(`/applications/${applicationId}/snapshots`),
  push: (stageId: string, snapshotId: string | null) =>
    post<{ deployment: DeploymentView }>(
      `/stages/${stageId}/deploy`,
      snapshotId === null ? {} : { snapshotId },
    ),
  listDevices: (applicationId: string, cursor: string | null) =>
    list<DeviceView>(`/applications/${applicationId}/devices`, cursor),
};

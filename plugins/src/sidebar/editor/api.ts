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

interface List<T> {
  items: T[];
  nextCursor?: string | null;
}

/** By jQuery and not by fetch: it carries the editor's sign-in where there is one. Addresses are relative. */
function request<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
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

export const api = {
  readInstance: () => request<InstanceView>('GET', 'instance'),
  listSnapshots: (cursor: string | null) =>
    request<List<SnapshotView>>(
      'GET',
      `snapshots${cursor === null ? '' : `?cursor=${encodeURIComponent(cursor)}`}`,
    ),
  takeSnapshot: (body: { name: string; description?: string }) =>
    request<SnapshotView>('POST', 'snapshots', body),
  rollBack: (snapshotId: string) => request<{ instance: InstanceView }>('POST', 'rollback', { snapshotId }),
  listPipelines: () => request<List<PipelineView>>('GET', 'pipelines'),
  listStageSnapshots: (targetId: string) =>
    request<List<SnapshotView>>('GET', `stage-targets/${targetId}/snapshots`),
  push: (stageId: string, snapshotId: string | null) =>
    request<{ deployment: DeploymentView }>(
      'POST',
      `stages/${stageId}/push`,
      snapshotId === null ? {} : { snapshotId },
    ),
  listDevices: (cursor: string | null) =>
    request<List<DeviceView>>(
      'GET',
      `devices?limit=200${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    ),
};

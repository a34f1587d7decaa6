import type { InstanceView, Page, PipelineView, SnapshotView } from '@flowyard/protocol';
import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { type ApiAnswer, callControlPlane, IDENTITY_HEADER } from './control-plane';
import type { LiveRelay } from './live-relay';
import { type Platform, readPlatform } from './platform';

/** Calls the control plane in the name of the person who sent a request to us. */
type Call = (method: 'GET' | 'POST', path: string, body?: unknown) => Promise<ApiAnswer>;

type Handler = (call: Call, request: Request, platform: Platform) => Promise<ApiAnswer>;

const OUTSIDE: ApiAnswer = {
  status: 404,
  body: { error: { code: 'outside', message: 'This Node-RED does not run in Flowyard.' } },
};
const ID = /^[0-9a-z]{6,40}$/;
const UNUSABLE_ID: ApiAnswer = {
  status: 422,
  body: { error: { code: 'invalid', message: 'That is not an identifier.' } },
};

const isGood = ({ status }: ApiAnswer) => status >= 200 && status < 300;

function queryOf({ query }: Request, ...names: string[]): string {
  const known = names.flatMap((name) =>
    typeof query[name] === 'string' ? [[name, query[name] as string]] : [],
  );
  return known.length === 0 ? '' : `?${new URLSearchParams(known)}`;
}

const readContext: Handler = async (call, _request, { instanceId }) =>
  call('GET', `/instances/${instanceId}`);

const listSnapshots: Handler = (call, request, { instanceId }) =>
  call('GET', `/instances/${instanceId}/snapshots${queryOf(request, 'cursor', 'limit')}`);

const takeSnapshot: Handler = (call, { body }, { instanceId }) =>
  call('POST', `/instances/${instanceId}/snapshots`, { name: body?.name, description: body?.description });

const rollBack: Handler = (call, { body }, { instanceId }) =>
  call('POST', `/instances/${instanceId}/rollback`, { snapshotId: body?.snapshotId });

async function withApplication(
  call: Call,
  { instanceId }: Platform,
  then: (applicationId: string) => Promise<ApiAnswer>,
): Promise<ApiAnswer> {
  const instance = await call('GET', `/instances/${instanceId}`);
  return isGood(instance) ? then((instance.body as InstanceView).application.id) : instance;
}

/** The pipelines of the application in which this instance is a stage. */
const listPipelines: Handler = (call, _request, platform) =>
  withApplication(call, platform, async (applicationId) => {
    const answer = await call('GET', `/applications/${applicationId}/pipelines?limit=200`);
    if (!isGood(answer)) {
      return answer;
    }
    const { items } = answer.body as Page<PipelineView>;
    const own = items.filter(({ stages }) => stages.some(({ target }) => target.id === platform.instanceId));
    return { status: 200, body: { items: own } };
  });

const listDevices: Handler = (call, request, platform) =>
  withApplication(call, platform, (applicationId) =>
    call('GET', `/applications/${applicationId}/devices${queryOf(request, 'cursor', 'limit')}`),
  );

/** What may be chosen for a push from a stage that asks: the snapshots of what is in that stage. */
const listStageSnapshots: Handler = (call, { params }, platform) =>
  withApplication(call, platform, async (applicationId) => {
    const answer = await call('GET', `/applications/${applicationId}/snapshots?limit=200`);
    if (!isGood(answer)) {
      return answer;
    }
    const { items } = answer.body as Page<SnapshotView>;
    return { status: 200, body: { items: items.filter(({ owner }) => owner.id === params.targetId) } };
  });

const pushStage: Handler = async (call, { params, body }) => {
  if (!ID.test(String(params.stageId))) {
    return UNUSABLE_ID;
  }
  const snapshotId = body?.snapshotId;
  return call('POST', `/stages/${params.stageId}/deploy`, snapshotId ? { snapshotId } : {});
};

/** Adds what the sidebar asks for to Node-RED's admin API. Reading and writing need the rights of those names. */
export function addRoutes(RED: NodeAPI, relay: LiveRelay): void {
  const answerWith = (handler: Handler) => async (request: Request, response: Response) => {
    const platform = readPlatform();
    if (platform === null) {
      response.status(OUTSIDE.status).json(OUTSIDE.body);
      return;
    }
    relay.start(platform);
    const header = request.headers[IDENTITY_HEADER];
    const identity = typeof header === 'string' ? header : undefined;
    const call: Call = (method, path, body) => callControlPlane(platform, { method, path, body, identity });
    const { status, body } = await handler(call, request, platform);
    response.status(status).json(body);
  };
  const read = (path: string, handler: Handler) =>
    RED.httpAdmin.get(`/flowyard/${path}`, RED.auth.needsPermission('flowyard.read'), answerWith(handler));
  const write = (path: string, handler: Handler) =>
    RED.httpAdmin.post(`/flowyard/${path}`, RED.auth.needsPermission('flowyard.write'), answerWith(handler));

  read('instance', readContext);
  read('snapshots', listSnapshots);
  write('snapshots', takeSnapshot);
  write('rollback', rollBack);
  read('pipelines', listPipelines);
  read('stage-targets/:targetId/snapshots', listStageSnapshots);
  write('stages/:stageId/push', pushStage);
  read('devices', listDevices);
}

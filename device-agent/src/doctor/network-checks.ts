import { WebSocket } from 'ws';
import { explainFailure } from '../commands/explain-failure.ts';
import type { DeviceIdentity } from '../device-file.ts';
import { HttpError, requestJson } from '../http-client.ts';
import { outgoingAgent, proxyFor, withoutPassword } from '../network.ts';
import { pingRegistry } from '../release/npm.ts';
import { bad, type Check, good, warning } from './check.ts';

const WITHIN_MS = 10_000;
/** No part of any target. */
const NO_DIGEST = `sha256-${'0'.repeat(64)}`;

/** The way to the control plane and to npm, step by step, with what is in the way. */
export async function checkNetwork(identity: DeviceIdentity): Promise<Check[]> {
  const proxy = await proxyFor(identity.url);
  const way = proxy === null ? [] : [good('proxy', `the way leads through ${withoutPassword(proxy)}`)];
  const plane = await checkControlPlane(identity.url);
  const further =
    plane.level === 'bad' ? [] : await Promise.all([checkToken(identity), checkWebSocket(identity.url)]);
  return [...way, plane, ...further, await checkRegistry()];
}

async function checkControlPlane(url: string): Promise<Check> {
  const begin = performance.now();
  try {
    const answer = await requestJson(`${url}/healthz`, { token: null, timeoutMs: WITHIN_MS });
    const ms = Math.round(performance.now() - begin);
    return (answer as { status?: unknown }).status === 'ok'
      ? good('control plane', `${url} answers in ${ms} ms`)
      : bad('control plane', `${url} answers, but not as Flowyard`, 'Look at the address in device.yml.');
  } catch (error) {
    const advice =
      error instanceof HttpError
        ? 'Something else answers: a captive portal, a proxy, or another server. Sign in there, or correct the address in device.yml.'
        : 'Look at cable, gateway and DNS of this machine, and at the address in device.yml. What runs here goes on meanwhile.';
    return bad('control plane', explainFailure(error, url), advice);
  }
}

async function checkToken({ url, token }: DeviceIdentity): Promise<Check> {
  const name = 'credentials';
  try {
    await requestJson(`${url}/api/v1/agent/blobs/${NO_DIGEST}`, { token, timeoutMs: WITHIN_MS });
    return good(name, 'accepted');
  } catch (error) {
    if (error instanceof HttpError && error.status === 404 && error.code === 'not_found') {
      return good(name, 'accepted');
    }
    const isRefused = error instanceof HttpError && error.status === 401;
    return isRefused
      ? bad(
          name,
          'not accepted',
          'The device was removed, or has new credentials. Join again: register --force.',
        )
      : warning(
          name,
          `could not be tried: ${(error as Error).message}`,
          'Try again when the network is well.',
        );
  }
}

/** Without credentials the control plane says 401, and so shows that the request to upgrade came through. */
function checkWebSocket(url: string): Promise<Check> {
  const name = 'websocket';
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/agent`, {
    handshakeTimeout: WITHIN_MS,
    ...outgoingAgent(),
  });
  return new Promise((resolve) => {
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      socket.terminate();
      resolve(
        response.statusCode === 401
          ? good(name, 'passes')
          : bad(
              name,
              `is answered with status ${response.statusCode}`,
              'A proxy or firewall on the way does not let WebSockets pass: allow the upgrade for the address of the control plane.',
            ),
      );
    });
    socket.on('error', (error) =>
      resolve(bad(name, error.message, 'A firewall on the way may cut WebSockets: allow them.')),
    );
    socket.on('open', () => {
      socket.terminate();
      resolve(bad(name, 'is answered by something that is no control plane', 'Look at the address.'));
    });
  });
}

async function checkRegistry(): Promise<Check> {
  const name = 'npm registry';
  const problem = await pingRegistry(WITHIN_MS);
  return problem === null
    ? good(name, 'answers')
    : warning(
        name,
        problem,
        'Node-RED and modules that are here already run all the same; new ones cannot be installed. Look at npm config get registry.',
      );
}

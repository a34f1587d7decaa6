import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Request, Response } from 'express';
import type { NodeAPI } from 'node-red';
import { MISSING, send } from './answers';
import { callControlPlane, failure } from './control-plane';
import { type Parts, seatOf } from './routes';

/** Instances and devices have our own packages anyway. */
const OWN_MODULES = /^@flowyard\//;
const AT_HOME = failure(409, 'at-home', 'Flowyard runs this Node-RED and takes its snapshots itself.');

async function readJson(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** The modules of this Node-RED in the versions that are installed. */
async function readModules(userDir: string): Promise<Record<string, string>> {
  const { dependencies } = await readJson(join(userDir, 'package.json'));
  const names = Object.keys((dependencies as object | undefined) ?? {}).filter(
    (name) => !OWN_MODULES.test(name),
  );
  const versions = await Promise.all(
    names.map(async (name) => [
      name,
      (await readJson(join(userDir, 'node_modules', name, 'package.json'))).version,
    ]),
  );
  return Object.fromEntries(versions.filter(([, version]) => typeof version === 'string'));
}

/** What is deployed in this Node-RED; credentials by the node that they belong to. */
function readDeployed(RED: NodeAPI, withCredentials: boolean) {
  const flows: object[] = [];
  const credentials: Record<string, object> = {};
  RED.nodes.eachNode((node) => {
    const { credentials: _never, ...plain } = node as { id: string; credentials?: unknown };
    flows.push(plain);
    const own = withCredentials ? RED.nodes.getCredentials(plain.id) : undefined;
    if (own) {
      credentials[plain.id] = own;
    }
  });
  return { flows, credentials };
}

/**
 * Adds `flowyard/own-snapshot`: what is deployed in a Node-RED that Flowyard does not run becomes a snapshot of the
 * instance or device that the person has chosen. Credentials travel over the connection to the control plane, which
 * seals them.
 */
export function addOwnSnapshotRoute(RED: NodeAPI, { signIns }: Parts): void {
  const writing = RED.auth.needsPermission('flowyard.write');
  RED.httpAdmin.post('/flowyard/own-snapshot', writing, async (request: Request, response: Response) => {
    const seat = seatOf(request, signIns);
    if (typeof seat === 'string' || seat.isHome) {
      send(response, typeof seat === 'string' ? MISSING[seat] : AT_HOME);
      return;
    }
    const { name, description, credentials: withCredentials } = request.body ?? {};
    const { flows, credentials } = readDeployed(RED, withCredentials === true);
    const file = {
      format: 'flowyard-snapshot',
      version: 1,
      name,
      ...(typeof description === 'string' && { description }),
      flows,
      ...(withCredentials === true && { credentials }),
      modules: await readModules(RED.settings.userDir ?? '.'),
      nodeRed: RED.version(),
      nodeJs: process.versions.node,
    };
    const { kind, id } = seat.place;
    const answer = await callControlPlane(seat, {
      method: 'POST',
      path: `/${kind}s/${id}/snapshots/import`,
      body: { file, name },
    });
    const snapshot = (answer.body as { snapshot?: unknown } | null)?.snapshot;
    send(response, snapshot === undefined ? answer : { status: answer.status, body: snapshot });
  });
}

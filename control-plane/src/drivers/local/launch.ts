import { join } from 'node:path';
import type { LaunchPlan } from '@flowyard/launcher';
import type { RuntimeBinding } from '@flowyard/protocol';
import type { InstanceTarget, StackLocation } from '../driver.ts';

/** What all processes of this control plane have in common. */
export interface LaunchSurroundings {
  dataDir: string;
  /** Where processes reach the control plane now. */
  controlUrl: () => string;
  /** A file that tells them so again, when it changed while they ran. */
  addressFile: string;
  /** The folder of @flowyard/plugins. */
  pluginsDir: string;
  /** The folder of @flowyard/nodes; null leaves its nodes out. */
  nodesDir: string | null;
}

/** What makes a process that of an instance. */
export function bindingOf(target: InstanceTarget, controlUrl: string): RuntimeBinding {
  return {
    subjectId: target.instanceId,
    title: target.name,
    environment: {
      ...target.variables,
      FLOWYARD_URL: controlUrl,
      FLOWYARD_TOKEN: target.runtimeToken,
      FLOWYARD_INSTANCE_ID: target.instanceId,
      FLOWYARD_INSTANCE_NAME: target.name,
      FLOWYARD_INSTANCE_URL: target.url,
      FLOWYARD_TEAM_ID: target.teamId,
      FLOWYARD_APPLICATION_NAME: target.applicationName,
    },
    credentialSecret: target.credentialSecret,
    identityKey: target.identityKey,
    token: target.runtimeToken,
    generation: target.restarts,
  };
}

interface Launch {
  folder: string;
  stack: StackLocation;
  memoryMb: number;
  token: string;
  binding: RuntimeBinding | null;
}

/** How to start a process: for an instance, or without a binding for the pool. */
export function planLaunch(launch: Launch, surroundings: LaunchSurroundings): LaunchPlan {
  const { dataDir, pluginsDir, nodesDir, addressFile } = surroundings;
  const runtimePlugin = (name: string) => join(pluginsDir, 'dist', 'runtime', `${name}.js`);
  return {
    nodePath: launch.stack.nodePath,
    memoryMb: launch.memoryMb,
    configuration: {
      folder: launch.folder,
      dataFolder: launch.folder,
      flowsFolder: launch.folder,
      stackFolder: launch.stack.folder,
      compileCacheFolder: join(dataDir, 'cache', 'compiled'),
      link: {
        url: `${surroundings.controlUrl().replace(/^http/, 'ws')}/agent`,
        token: launch.token,
        addressFile,
      },
      port: 0,
      editor: true,
      plugins: {
        storage: runtimePlugin('storage'),
        identity: runtimePlugin('identity'),
        audit: runtimePlugin('audit'),
      },
      nodesFolders: nodesDir === null ? [pluginsDir] : [pluginsDir, nodesDir],
      binding: launch.binding,
    },
  };
}

import { join } from 'node:path';
import type { LaunchPlan } from '@flowyard/launcher';
import {
  DEFAULT_SETTINGS,
  type LeftOut,
  type ResolvedSettings,
  type RuntimeBinding,
  SETTING_KEYS,
  settingDefinition,
} from '@flowyard/protocol';
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
  const timeZone = target.settings['runtime.timeZone'];
  return {
    subjectId: target.instanceId,
    title: target.settings['editor.title'] ?? target.name,
    environment: {
      ...target.variables,
      ...(timeZone !== null && { TZ: timeZone }),
      ...(target.snapshotId !== null && { FLOWYARD_SNAPSHOT_ID: target.snapshotId }),
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
    settings: forChild(target.settings),
  };
}

/** The child has no use for what the driver does with the `.npmrc`. */
function forChild(settings: ResolvedSettings): ResolvedSettings {
  return { ...settings, 'palette.npmrc': null };
}

/** Whether Node-RED must know these settings when it is loaded: then a process of the pool is of no use. */
export function needsOwnProcess(settings: ResolvedSettings): boolean {
  return SETTING_KEYS.some(
    (key) =>
      settingDefinition(key).applies === 'process' &&
      JSON.stringify(settings[key]) !== JSON.stringify(DEFAULT_SETTINGS[key]),
  );
}

interface Launch {
  folder: string;
  stack: StackLocation;
  memoryMb: number;
  token: string;
  binding: RuntimeBinding | null;
  leaveOut?: LeftOut | null;
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
      leaveOut: launch.leaveOut ?? null,
    },
  };
}

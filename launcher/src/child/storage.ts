import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FlowsStore, LeftOut, NewerFlows, RuntimeFlows } from '@flowyard/protocol';
import { unlessFull } from './full-disk.ts';
import { createLibrary } from './library.ts';
import { writeJson } from './local-flows.ts';

type Json = Record<string, unknown>;

/**
 * Who deploys flows that changed elsewhere. Saving those again would be wrong, while a person's deploy that comes at
 * the same moment must be saved.
 */
export const HANDED_OVER: Readonly<Record<string, unknown>> = { username: 'flowyard' };

/** Node-RED's storage with the one addition that flows which changed elsewhere can be handed to it. */
export interface StorageModule {
  /** For the `storageModule` setting. Its methods are own properties: Node-RED asks with hasOwnProperty. */
  module: Json;
  /** While `deploy` runs, Node-RED reads the given flows. It deploys as `HANDED_OVER`. */
  handOver(newer: NewerFlows, deploy: () => Promise<unknown>): Promise<void>;
  /** What is left out now; null once other flows were deployed. */
  leftOut(): LeftOut | null;
}

/**
 * Makes of a flows store and a folder what Node-RED calls a storage module: flows from the store, the editor's
 * settings, sessions and library in files.
 */
export function createStorageModule(
  store: FlowsStore,
  folder: string,
  ready: () => Promise<unknown>,
  leaveOut: LeftOut | null,
): StorageModule {
  let leftOut = leaveOut;
  let lastRead: RuntimeFlows = { flows: [], credentials: {} };
  // Node-RED saves credentials and then flows, by two calls, and forgets that credentials changed when the second
  // fails. They are kept for the next attempt, so that no deploy loses a password.
  let unsavedCredentials: Json | undefined;
  let handedOver: NewerFlows | undefined;

  const flows = {
    getFlows: async () => {
      await ready();
      lastRead = handedOver ?? (await store.read());
      unsavedCredentials = undefined;
      if (leftOut !== null && leftOut.revision !== store.revision()) {
        // Other flows were deployed while this process was being started.
        leftOut = null;
      }
      return leftOut === null ? lastRead.flows : without(lastRead.flows, leftOut.flows);
    },
    getCredentials: async () => lastRead.credentials,
    saveCredentials: async (credentials: Json) => {
      unsavedCredentials = credentials;
    },
    saveFlows: async (changed: Json[], user: Json | undefined) => {
      // Whoever deploys has seen which flows are switched off.
      leftOut = null;
      if (user === HANDED_OVER) {
        return;
      }
      await store.write({ flows: changed, credentials: unsavedCredentials }, user);
      unsavedCredentials = undefined;
    },
  };

  return {
    module: {
      init: async () => {},
      ...flows,
      ...createSettingsFiles(folder),
      ...createLibrary(join(folder, 'lib')),
    },
    leftOut: () => leftOut,
    handOver: async (newer, deploy) => {
      handedOver = newer;
      leftOut = null;
      try {
        await deploy();
      } finally {
        handedOver = undefined;
      }
      await store.accept(newer);
    },
  };
}

/** The flows with some switched off, as a person would in the editor; what is stored stays as it is. */
function without(flows: Json[], ids: readonly string[]): Json[] {
  return flows.map((node) =>
    node.type === 'tab' && ids.includes(String(node.id)) ? { ...node, disabled: true } : node,
  );
}

/** The editor's settings and sign-in sessions. Node-RED waits for them at each start, and a disk can be slow. */
function createSettingsFiles(folder: string): Json {
  const settingsPath = join(folder, '.config.json');
  const sessionsPath = join(folder, '.sessions.json');
  return {
    getSettings: () => readObject(settingsPath),
    saveSettings: (settings: Json) => unlessFull(writeJson(settingsPath, settings, 'by-and-by')),
    getSessions: () => readObject(sessionsPath),
    saveSessions: (sessions: Json) => unlessFull(writeJson(sessionsPath, sessions, 'by-and-by')),
  };
}

async function readObject(path: string): Promise<Json> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Missing or damaged: the editor's layout is not worth refusing to start.
    return {};
  }
}

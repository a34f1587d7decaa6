import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AuditPlugin, FlowsStore, IdentityPlugin, RuntimeHost, StoragePlugin } from '@flowyard/protocol';
import type { ChildConfiguration } from './configuration.ts';
import { createLocalFlows } from './local-flows.ts';
import { AUDIT_LEVEL, handleNodeRedLog, type NodeRedLogMessage } from './log.ts';

type Settings = Record<string, unknown>;

/** The largest deploy that the editor may send; the control plane takes no larger one. */
const MAX_API_BODY = '20mb';

const requirePlugin = createRequire(import.meta.url);

/** The flows store of the plugin, or Node-RED's own files. */
export function openFlowsStore(configuration: ChildConfiguration, host: RuntimeHost): FlowsStore {
  const path = configuration.plugins.storage;
  return path
    ? (requirePlugin(path) as StoragePlugin).createFlowsStore(host)
    : createLocalFlows(configuration.flowsFolder);
}

/**
 * Node-RED's settings. What belongs to an instance (secret, title, variables) is read when it is needed, because a
 * process of the pool learns it after Node-RED has been started.
 */
export function buildSettings(
  configuration: ChildConfiguration,
  host: RuntimeHost,
  storage: Settings,
): Settings {
  const settings: Settings = {
    userDir: configuration.folder,
    nodesDir: configuration.nodesFolders,
    fileWorkingDirectory: configuration.dataFolder,
    storageModule: storage,
    uiHost: configuration.host ?? '127.0.0.1',
    uiPort: configuration.port,
    httpNodeRoot: '/',
    httpAdminRoot: configuration.editor ? '/' : false,
    disableEditor: !configuration.editor,
    httpAdminMiddleware: denyOtherOrigins,
    apiMaxLength: MAX_API_BODY,
    telemetry: { enabled: false, updateNotification: false },
    contextStorage: contextStorage(configuration.dataFolder),
    functionExternalModules: true,
    functionGlobalContext: {},
    exportGlobalContextKeys: false,
    editorTheme: editorTheme(host),
    logging: logging(configuration, host),
    ...(configuration.safeMode !== null && { safeMode: true }),
  };
  if (configuration.plugins.identity) {
    settings.adminAuth = (requirePlugin(configuration.plugins.identity) as IdentityPlugin).createAdminAuth(
      host,
    );
  }
  Object.defineProperty(settings, 'credentialSecret', {
    enumerable: true,
    configurable: true,
    get: () => host.binding()?.credentialSecret ?? undefined,
    // Node-RED writes settings back to itself when it clones them.
    set: () => {},
  });
  return settings;
}

/**
 * Node-RED 4 lets pages of any origin read the answers of its admin API. Its editor needs that for nothing. Requests
 * for flows pass here, too: a flow that wants to be read by other origins sets the header itself.
 */
function denyOtherOrigins(_: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.removeHeader('Access-Control-Allow-Origin');
  next();
}

function contextStorage(dataFolder: string): Settings {
  return {
    default: { module: 'memory' },
    file: { module: 'localfilesystem', config: { dir: dataFolder } },
  };
}

function editorTheme(host: RuntimeHost): Settings {
  const title = lateText(() => host.binding()?.title ?? 'Node-RED');
  return {
    page: { title },
    header: { title },
    projects: { enabled: false },
    tours: false,
    codeEditor: { lib: 'monaco' },
  };
}

/** An object that templates and JSON take for the string that it will be. */
function lateText(text: () => string): object {
  return { toString: text, toJSON: text };
}

function logging(configuration: ChildConfiguration, host: RuntimeHost): Settings {
  const loggers: Settings = {
    console: { level: 'off', metrics: false, audit: false },
    flowyard: { level: 'info', metrics: false, audit: false, handler: () => handleNodeRedLog },
  };
  if (configuration.plugins.audit) {
    const handle = (requirePlugin(configuration.plugins.audit) as AuditPlugin).createAuditHandler(host);
    loggers.audit = {
      level: 'off',
      metrics: false,
      audit: true,
      handler: () => (message: NodeRedLogMessage) => {
        if (message.level === AUDIT_LEVEL) {
          handle(message);
        }
      },
    };
  }
  return loggers;
}

/** Node-RED's palette manager and function nodes install into this folder; both expect a package file there. */
export function packageFileOf(folder: string): { path: string; content: string } {
  return {
    path: join(folder, 'package.json'),
    content: JSON.stringify({ name: 'node-red-project', private: true, version: '0.0.1' }, null, 2),
  };
}

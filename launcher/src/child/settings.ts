import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type {
  AuditPlugin,
  FlowsStore,
  IdentityPlugin,
  ResolvedSettings,
  RuntimeHost,
  StoragePlugin,
} from '@flowyard/protocol';
import type { ChildConfiguration } from './configuration.ts';
import { editorTheme, externalModules } from './editor-settings.ts';
import { createLocalFlows } from './local-flows.ts';
import { AUDIT_LEVEL, handleNodeRedLog, type NodeRedLogMessage } from './log.ts';

type Settings = Record<string, unknown>;

/** The control plane takes no larger deploy. */
const MAX_API_BODY_MB = 20;

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
  const chosen = configuration.binding?.settings;
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
    apiMaxLength: `${chosen?.['runtime.apiBodyMb'] ?? MAX_API_BODY_MB}mb`,
    telemetry: { enabled: false, updateNotification: false },
    contextStorage: contextStorage(configuration.dataFolder),
    functionExternalModules: chosen?.['runtime.externalModules'] ?? true,
    functionGlobalContext: {},
    exportGlobalContextKeys: false,
    editorTheme: editorTheme(configuration.folder, host, chosen),
    ...(chosen && chosenSettings(chosen)),
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

/** What Node-RED reads while it loads. */
function chosenSettings(chosen: ResolvedSettings): Settings {
  const origins = chosen['http.corsOrigins'];
  const dashboardPath = chosen['http.dashboardPath'];
  return {
    externalModules: externalModules(chosen),
    debugMaxLength: chosen['runtime.debugLength'],
    ...(origins.length > 0 && {
      httpNodeCors: { origin: origins.includes('*') ? '*' : origins, methods: 'GET,PUT,POST,PATCH,DELETE' },
    }),
    ...(dashboardPath !== null && { ui: { path: dashboardPath } }),
  };
}

/** At most so much of what flows keep is lost when the power goes. */
const FLUSH_SECONDS = 1;

/** `memory`, the default, ends with the process; `persistent` is kept in files. */
function contextStorage(dataFolder: string): Settings {
  return {
    default: 'memory',
    memory: { module: 'memory' },
    persistent: { module: 'localfilesystem', config: { dir: dataFolder, flushInterval: FLUSH_SECONDS } },
  };
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

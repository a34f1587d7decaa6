import { z } from 'zod';
import { Schedule } from './schedule.ts';
import {
  CatalogueList,
  ColourValue,
  LoginName,
  LoginPassword,
  ModulePatterns,
  NpmrcInput,
  OriginList,
  PathValue,
  ProbePath,
  StoredSecret,
  ThemeName,
  TimeZone,
  TitleValue,
  WebAddress,
} from './setting-values.ts';
import { DEFAULT_TRIAL } from './trial-policy.ts';

/** Sections of the form and of the docs, in their order. */
export const SETTING_SECTIONS = {
  editor: 'Editor',
  palette: 'Palette',
  http: 'HTTP pages',
  runtime: 'Node-RED',
  safety: 'Health and safety',
  trial: 'New snapshots',
  snapshots: 'Automatic snapshots',
  alerts: 'Alerts',
  login: 'Emergency sign-in',
} as const;
export type SettingSection = keyof typeof SETTING_SECTIONS;

/**
 * When a change takes effect: `live` at once; `restart` when the instance is started again, where a warm process can
 * still be told; `process` likewise, but Node-RED reads it when it is loaded, so it takes a process of its own.
 */
export type SettingApplies = 'live' | 'restart' | 'process';

/** How a value is entered. `secret` is sealed and `password` hashed; neither is ever shown again. */
export const SETTING_INPUTS = [
  'switch',
  'text',
  'colour',
  'number',
  'choice',
  'list',
  'time-zone',
  'secret',
  'password',
] as const;
export type SettingInput = (typeof SETTING_INPUTS)[number];

export interface SettingDefinition<S extends z.ZodType = z.ZodType> {
  section: SettingSection;
  title: string;
  /** One or two sentences: what it does. */
  help: string;
  schema: S;
  default: z.output<S>;
  applies: SettingApplies;
  input: SettingInput;
  /** The words for the values of a choice. */
  choices?: Readonly<Record<string, string>>;
  unit?: string;
  /** Only devices have it. */
  devicesOnly?: true;
}

function setting<S extends z.ZodType>(definition: SettingDefinition<S>): SettingDefinition<S> {
  return definition;
}

function whole(min: number, max: number) {
  return z
    .number('must be a number')
    .int('must be a whole number')
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);
}

export const HTTP_ACCESS = ['none', 'basic', 'flowyard', 'tokens'] as const;
export type HttpAccess = (typeof HTTP_ACCESS)[number];
export const LIMP_MODES = ['off', 'offer', 'automatic'] as const;
export type LimpMode = (typeof LIMP_MODES)[number];

const SecretInput = <S extends z.ZodType>(schema: S) => z.union([StoredSecret, schema]).nullable();

/** Every runtime setting: the form, the docs, validation and the warm pool all go by this table. */
export const SETTINGS = {
  'editor.enabled': setting({
    section: 'editor',
    title: 'Editor',
    help: 'Off, nobody can open the editor of the instance, and its admin API answers nothing. Flows run on, and snapshots and pipelines still reach it.',
    schema: z.boolean(),
    default: true,
    applies: 'restart',
    input: 'switch',
  }),
  'editor.protected': setting({
    section: 'editor',
    title: 'Protected',
    help: 'On, the editor is read-only for everybody, and flows change only through a pipeline or by rolling back. Only owners switch it.',
    schema: z.boolean(),
    default: false,
    applies: 'live',
    input: 'switch',
  }),
  'editor.title': setting({
    section: 'editor',
    title: 'Title',
    help: 'What the header of the editor and the tab of the browser say. Empty, it is the name of the instance.',
    schema: TitleValue.nullable(),
    default: null,
    applies: 'restart',
    input: 'text',
  }),
  'editor.headerUrl': setting({
    section: 'editor',
    title: 'Link of the header',
    help: 'Where a click on the title in the header of the editor leads.',
    schema: WebAddress.nullable(),
    default: null,
    applies: 'process',
    input: 'text',
  }),
  'editor.headerColour': setting({
    section: 'editor',
    title: 'Colour of the header',
    help: 'The background of the header, so that people see at once which instance they edit.',
    schema: ColourValue.nullable(),
    default: null,
    applies: 'process',
    input: 'colour',
  }),
  'editor.theme': setting({
    section: 'editor',
    title: 'Theme',
    help: 'The id of a theme plugin. Its module must be installed in the instance, for example by the template.',
    schema: ThemeName.nullable(),
    default: null,
    applies: 'process',
    input: 'text',
  }),
  'editor.tours': setting({
    section: 'editor',
    title: 'Guided tours',
    help: 'Whether the editor shows its welcome tour to people who open it for the first time.',
    schema: z.boolean(),
    default: false,
    applies: 'process',
    input: 'switch',
  }),
  'editor.codeEditor': setting({
    section: 'editor',
    title: 'Code editor',
    help: 'What function nodes are written in. Monaco completes more; ACE is lighter.',
    schema: z.enum(['monaco', 'ace']),
    default: 'monaco',
    applies: 'process',
    input: 'choice',
    choices: { monaco: 'Monaco', ace: 'ACE' },
  }),
  'palette.install': setting({
    section: 'palette',
    title: 'Install modules in the editor',
    help: 'Whether people may add, update and remove modules in the palette manager. Modules that flows and templates ask for are installed in any case.',
    schema: z.boolean(),
    default: true,
    applies: 'process',
    input: 'switch',
  }),
  'palette.allow': setting({
    section: 'palette',
    title: 'Allowed modules',
    help: 'Which modules may be installed in the editor and used by function nodes; * stands for anything. An empty list allows none.',
    schema: ModulePatterns,
    default: ['*'],
    applies: 'process',
    input: 'list',
  }),
  'palette.deny': setting({
    section: 'palette',
    title: 'Denied modules',
    help: 'Which modules may not be installed in the editor nor used by function nodes, also when the list of allowed ones names them less exactly.',
    schema: ModulePatterns,
    default: [],
    applies: 'process',
    input: 'list',
  }),
  'palette.catalogues': setting({
    section: 'palette',
    title: 'Catalogues',
    help: 'Addresses of the lists of modules that the palette manager shows. An empty list shows that of Node-RED.',
    schema: CatalogueList,
    default: [],
    applies: 'process',
    input: 'list',
  }),
  'palette.npmrc': setting({
    section: 'palette',
    title: 'npm configuration',
    help: 'The .npmrc of the instance, for example with the address and token of a private registry. It is sealed and never shown again. Flows of the instance can read the file.',
    schema: SecretInput(NpmrcInput),
    default: null,
    applies: 'process',
    input: 'secret',
  }),
  'http.access': setting({
    section: 'http',
    title: 'Who may open HTTP pages',
    help: 'Protects dashboards and the routes of http-in nodes. The editor is protected in any case.',
    schema: z.enum(HTTP_ACCESS),
    default: 'none',
    applies: 'live',
    input: 'choice',
    choices: {
      none: 'Everybody',
      basic: 'Whoever has the user name and password',
      flowyard: 'People of the team, signed in to Flowyard',
      tokens: 'Programs with an HTTP token',
    },
  }),
  'http.basicUser': setting({
    section: 'http',
    title: 'User name',
    help: 'The user name for HTTP pages, when they ask for one and a password.',
    schema: LoginName.nullable(),
    default: null,
    applies: 'live',
    input: 'text',
  }),
  'http.basicPassword': setting({
    section: 'http',
    title: 'Password',
    help: 'The password that goes with the user name. It is stored hashed and never shown again.',
    schema: SecretInput(LoginPassword),
    default: null,
    applies: 'live',
    input: 'password',
  }),
  'http.corsOrigins': setting({
    section: 'http',
    title: 'Other origins (CORS)',
    help: 'Origins whose pages may call the HTTP routes of the flows from a browser; * stands for all.',
    schema: OriginList,
    default: [],
    applies: 'process',
    input: 'list',
  }),
  'http.dashboardPath': setting({
    section: 'http',
    title: 'Path of the dashboard',
    help: 'Where node-red-dashboard answers. Dashboard 2 has its path in its own configuration.',
    schema: PathValue.nullable(),
    default: null,
    applies: 'process',
    input: 'text',
  }),
  'runtime.externalModules': setting({
    section: 'runtime',
    title: 'Modules in function nodes',
    help: 'Whether function nodes may ask for npm modules of their own. Off, function nodes that do so already do not start.',
    schema: z.boolean(),
    default: true,
    applies: 'process',
    input: 'switch',
  }),
  'runtime.apiBodyMb': setting({
    section: 'runtime',
    title: 'Largest request',
    help: 'How large a body may be that is sent to an http-in node or to the admin API.',
    schema: whole(1, 100),
    default: 20,
    applies: 'process',
    input: 'number',
    unit: 'MB',
  }),
  'runtime.debugLength': setting({
    section: 'runtime',
    title: 'Length of debug messages',
    help: 'After how many characters a message in the debug sidebar is cut.',
    schema: whole(100, 100_000),
    default: 1000,
    applies: 'process',
    input: 'number',
    unit: 'characters',
  }),
  'runtime.timeZone': setting({
    section: 'runtime',
    title: 'Time zone',
    help: 'The local time of flows, for example of inject nodes. Empty, it is that of the machine.',
    schema: TimeZone.nullable(),
    default: null,
    applies: 'restart',
    input: 'time-zone',
  }),
  'safety.healthInterval': setting({
    section: 'safety',
    title: 'Health interval',
    help: 'For how long Node-RED may give no sign of life before it is probed and, without an answer, started again. Raise it for flows that compute for long.',
    schema: whole(5, 600),
    default: 10,
    applies: 'live',
    input: 'number',
    unit: 'seconds',
  }),
  'safety.crashes': setting({
    section: 'safety',
    title: 'Crashes until safe mode',
    help: 'After so many crashes in a row Node-RED starts in safe mode: the editor opens and the flows stand still.',
    schema: whole(1, 100),
    default: 5,
    applies: 'live',
    input: 'number',
  }),
  'safety.limpMode': setting({
    section: 'safety',
    title: 'Limp mode',
    help: 'When a crash names a node, the flow of that node can be left out so that all others run.',
    schema: z.enum(LIMP_MODES),
    default: 'offer',
    applies: 'live',
    input: 'choice',
    choices: { off: 'Never', offer: 'Offer it', automatic: 'By itself' },
  }),
  'trial.stableSeconds': setting({
    section: 'trial',
    title: 'Stable for',
    help: 'For how long a new snapshot must run on the device without trouble to be kept. Otherwise the one before runs again.',
    schema: whole(0, 3600),
    default: DEFAULT_TRIAL.stableSeconds,
    applies: 'live',
    input: 'number',
    unit: 'seconds',
    devicesOnly: true,
  }),
  'trial.startSeconds': setting({
    section: 'trial',
    title: 'Longest start',
    help: 'How long the flows of a new snapshot may take to start before it is given up.',
    schema: whole(1, 3600),
    default: DEFAULT_TRIAL.startSeconds,
    applies: 'live',
    input: 'number',
    unit: 'seconds',
    devicesOnly: true,
  }),
  'trial.probePath': setting({
    section: 'trial',
    title: 'Probe',
    help: 'A path of the HTTP routes of the flows, for example /health, that must answer with a status from 200 to 299 before a new snapshot is kept. Empty, nothing is asked.',
    schema: ProbePath.nullable(),
    default: null,
    applies: 'live',
    input: 'text',
    devicesOnly: true,
  }),
  'trial.probeSeconds': setting({
    section: 'trial',
    title: 'Time for the probe',
    help: 'How long after the start of the flows the probe may take to answer as it should. It is asked again and again.',
    schema: whole(1, 3600),
    default: 30,
    applies: 'live',
    input: 'number',
    unit: 'seconds',
    devicesOnly: true,
  }),
  'trial.allowScripts': setting({
    section: 'trial',
    title: 'Install scripts',
    help: 'Whether modules may run their own scripts when they are installed on the device, as those do that compile something. Scripts can do whatever the agent may do.',
    schema: z.boolean(),
    default: DEFAULT_TRIAL.allowScripts,
    applies: 'live',
    input: 'switch',
    devicesOnly: true,
  }),
  'snapshots.afterDeploy': setting({
    section: 'snapshots',
    title: 'After a deploy',
    help: 'Takes a snapshot whenever somebody deploys other flows in the editor.',
    schema: z.boolean(),
    default: true,
    applies: 'live',
    input: 'switch',
  }),
  'snapshots.keepAuto': setting({
    section: 'snapshots',
    title: 'How many are kept',
    help: 'So many of the newest automatic snapshots are kept. One that is pinned, a target or running on a device is kept in any case.',
    schema: whole(1, 1000),
    default: 10,
    applies: 'live',
    input: 'number',
  }),
  'snapshots.schedule': setting({
    section: 'snapshots',
    title: 'Schedule',
    help: 'When to take a snapshot, as in crontab: minute, hour, day, month, day of the week. 0 3 * * 1-5 is at three on weekdays. When nothing changed since the last snapshot, none is taken. Empty, there is no schedule.',
    schema: Schedule.nullable(),
    default: null,
    applies: 'live',
    input: 'text',
  }),
  'snapshots.scheduleTimeZone': setting({
    section: 'snapshots',
    title: 'Time zone of the schedule',
    help: 'Where it is three when the schedule says three. Empty, it is UTC.',
    schema: TimeZone.nullable(),
    default: null,
    applies: 'live',
    input: 'time-zone',
  }),
  'alerts.memoryPercent': setting({
    section: 'alerts',
    title: 'Memory',
    help: 'Warns when the instance uses more than this part of its memory; on a device, of the memory of its machine. Empty, it does not warn.',
    schema: whole(1, 100).nullable(),
    default: null,
    applies: 'live',
    input: 'number',
    unit: '%',
  }),
  'alerts.cpuPercent': setting({
    section: 'alerts',
    title: 'CPU',
    help: 'Warns when the instance keeps a core busier than this; on a device, all cores of its machine together. Empty, it does not warn.',
    schema: whole(1, 100).nullable(),
    default: null,
    applies: 'live',
    input: 'number',
    unit: '%',
  }),
  'alerts.diskPercent': setting({
    section: 'alerts',
    title: 'Disk',
    help: 'Warns when more than this part of the disk with the folder of the device is used. Empty, it warns only when the disk is nearly full.',
    schema: whole(1, 100).nullable(),
    default: null,
    applies: 'live',
    input: 'number',
    unit: '%',
    devicesOnly: true,
  }),
  'alerts.eventLoopMs': setting({
    section: 'alerts',
    title: 'Event loop delay',
    help: 'Warns when flows keep Node-RED from answering for longer than this. Empty, it does not warn.',
    schema: whole(10, 600_000).nullable(),
    default: null,
    applies: 'live',
    input: 'number',
    unit: 'ms',
  }),
  'login.user': setting({
    section: 'login',
    title: 'User name',
    help: 'Signs in at Node-RED itself, on its port on the machine, when Flowyard is away. Needs a password, too.',
    schema: LoginName.nullable(),
    default: null,
    applies: 'restart',
    input: 'text',
  }),
  'login.password': setting({
    section: 'login',
    title: 'Password',
    help: 'The password for emergencies. It is stored hashed and never shown again.',
    schema: SecretInput(LoginPassword),
    default: null,
    applies: 'restart',
    input: 'password',
  }),
} as const satisfies Record<string, SettingDefinition>;

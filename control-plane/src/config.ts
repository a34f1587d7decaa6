import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Role } from '@flowyard/protocol';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

const Port = z.coerce
  .number('is not a number')
  .int('is not a whole number')
  .min(0, 'is below 0')
  .max(65535, 'is above 65535');

/** Every setting by its environment variable; the file has the same names in lower case without the prefix. */
const SETTINGS = {
  FLOWYARD_PORT: Port.default(3000),
  FLOWYARD_HOST: z.string().min(1).default('127.0.0.1'),
  FLOWYARD_DATA: z.string().min(1).default('./var'),
  FLOWYARD_URL: z.url({ protocol: /^https?$/, error: 'is not an http or https address' }).optional(),
  FLOWYARD_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'is not a postgres:// address')
    .optional(),
  FLOWYARD_ADMIN_PASSWORD: z.string().min(8, 'must have at least 8 characters').optional(),
  FLOWYARD_SECRET_KEY: z.string().min(32, 'must have at least 32 characters').optional(),
  FLOWYARD_BUS_URL: z.undefined({ error: 'is for several control planes side by side, which come later' }),
  FLOWYARD_DRIVER: z.enum(['local'], 'must be "local"; Kubernetes comes later').default('local'),
  FLOWYARD_TLS_CERT: z.string().optional(),
  FLOWYARD_TLS_KEY: z.string().optional(),
  FLOWYARD_LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be a level such as info or debug',
    )
    .default('info'),
  FLOWYARD_POOL: z.coerce.number('is not a number').int().min(0).max(20).default(1),
  FLOWYARD_CGROUP: z
    .string()
    .regex(/^\/?[^\0]+$/)
    .optional(),
  FLOWYARD_HEALTH_SECONDS: z.coerce.number('is not a number').int().min(1).max(600).default(10),
  FLOWYARD_TRUSTED_PROXIES: z.string().optional(),
  FLOWYARD_WEBHOOK_TARGETS: z
    .enum(['public', 'private', 'any'], 'must be "public", "private" or "any"')
    .default('private'),
  FLOWYARD_SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//, 'is not an smtp:// or smtps:// address')
    .optional(),
  FLOWYARD_MAIL_FROM: z
    .string()
    .max(320)
    .regex(/^[^\r\n]*@[^\r\n]*$/, 'is not an e-mail address')
    .optional(),
  FLOWYARD_OIDC_ISSUER: z.url({ protocol: /^https?$/, error: 'is not an https address' }).optional(),
  FLOWYARD_OIDC_CLIENT_ID: z.string().optional(),
  FLOWYARD_OIDC_CLIENT_SECRET: z.string().optional(),
  FLOWYARD_OIDC_GROUPS_CLAIM: z.string().default('groups'),
  FLOWYARD_OIDC_NAME: z.string().max(60, 'has more than 60 characters').default('Single sign-on'),
  FLOWYARD_OIDC_GROUP_ROLES: z.string().max(100_000).optional(),
};
type SettingName = keyof typeof SETTINGS;
type Settings = { [K in SettingName]: z.output<(typeof SETTINGS)[K]> };

/** Where e-mail goes out. */
export interface MailSettings {
  /** `smtp://user:password@host:587` or `smtps://…`. */
  url: string;
  /** The sender: `Flowyard <flowyard@example.com>`. */
  from: string;
}

/** What a group of the provider gives: a role in a team, or the whole platform. */
export interface GroupRole {
  group: string;
  /** Null: whoever is in the group is an administrator of the platform. */
  teamSlug: string | null;
  role: Role;
}

/** Sign-in by OpenID Connect. */
export interface SingleSignOnSettings {
  issuer: string;
  clientId: string;
  clientSecret: string;
  groupsClaim: string;
  /** The label of the button. */
  name: string;
  groupRoles: GroupRole[];
}

export interface Config {
  port: number;
  host: string;
  dataDir: string;
  /** Null: made from the port once that is known. */
  publicUrl: string | null;
  databaseUrl: string | null;
  adminPassword: string | null;
  secretKey: string | null;
  tls: { cert: string; key: string } | null;
  logLevel: string;
  /** Warm processes for each stack in use. */
  poolSize: number;
  /** A cgroup v2 that was delegated for the instances; null looks for one. */
  cgroup: string | null;
  /** For how long an instance must run well after a change of its stack or type. */
  healthSeconds: number;
  trustedProxies: string[];
  /** Where webhooks may lead. */
  webhookTargets: 'public' | 'private' | 'any';
  /** Null: no e-mail is sent. */
  mail: MailSettings | null;
  /** Null: people sign in with a password. */
  singleSignOn: SingleSignOnSettings | null;
  stopInstances: boolean;
}

/** A setting that cannot be used; the process ends with exit code 78 and this line. */
export class ConfigError extends Error {}

function readFlags(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      options: {
        config: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        data: { type: 'string' },
        url: { type: 'string' },
        pool: { type: 'string' },
        'log-level': { type: 'string' },
        'stop-instances': { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function readConfigFile(path: string): Record<string, unknown> {
  if (!existsSync(path)) {
    throw new ConfigError(`--config: there is no file ${path}`);
  }
  try {
    const content: unknown = parseYaml(readFileSync(path, 'utf8'));
    return z.record(z.string(), z.unknown()).parse(content ?? {});
  } catch (error) {
    throw new ConfigError(`--config: ${path} is not a YAML file of settings: ${(error as Error).message}`);
  }
}

function fileSettings(path: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(readConfigFile(path)).map(([key, value]) => {
      const name = `FLOWYARD_${key.toUpperCase().replaceAll('-', '_')}`;
      if (!(name in SETTINGS)) {
        throw new ConfigError(`${path}: there is no setting "${key}"`);
      }
      return [name, value];
    }),
  );
}

function parseSettings(values: Record<string, unknown>): Settings {
  const result: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(SETTINGS)) {
    const given = values[name] === '' ? undefined : values[name];
    const parsed = schema.safeParse(given);
    if (!parsed.success) {
      throw new ConfigError(`${name} ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
    }
    result[name] = parsed.data;
  }
  return result as Settings;
}

function readTls(settings: Settings): { cert: string; key: string } | null {
  const { FLOWYARD_TLS_CERT: cert, FLOWYARD_TLS_KEY: key } = settings;
  if (cert === undefined && key === undefined) {
    return null;
  }
  const read = (name: SettingName, path: string | undefined): string => {
    if (path === undefined || !existsSync(path)) {
      throw new ConfigError(
        `${name} must name a file that is there, since the other half of the pair is set`,
      );
    }
    return readFileSync(path, 'utf8');
  };
  return { cert: read('FLOWYARD_TLS_CERT', cert), key: read('FLOWYARD_TLS_KEY', key) };
}

function readMail(settings: Settings): MailSettings | null {
  const { FLOWYARD_SMTP_URL: url, FLOWYARD_MAIL_FROM: from } = settings;
  if (url === undefined) {
    return null;
  }
  if (from === undefined) {
    throw new ConfigError(
      'FLOWYARD_MAIL_FROM must name the sender of e-mail, since FLOWYARD_SMTP_URL is set',
    );
  }
  return { url, from };
}

const GROUP_ROLE = /^([^=]+)=(?:([a-z0-9][a-z0-9-]*):(owner|member|viewer|dashboard)|administrator)$/;

/** `engineers=line-one:member,it=administrator`. */
function readGroupRoles(text: string | undefined): GroupRole[] {
  const entries = (text ?? '').split(',').map((entry) => entry.trim());
  return entries
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [, group, teamSlug, role] = GROUP_ROLE.exec(entry) ?? [];
      if (group === undefined) {
        throw new ConfigError(
          `FLOWYARD_OIDC_GROUP_ROLES: "${entry}" is neither group=team:role nor group=administrator`,
        );
      }
      return { group, teamSlug: teamSlug ?? null, role: (role ?? 'owner') as Role };
    });
}

function readSingleSignOn(settings: Settings): SingleSignOnSettings | null {
  const {
    FLOWYARD_OIDC_ISSUER: issuer,
    FLOWYARD_OIDC_CLIENT_ID: clientId,
    FLOWYARD_OIDC_CLIENT_SECRET: clientSecret,
  } = settings;
  const groupRoles = readGroupRoles(settings.FLOWYARD_OIDC_GROUP_ROLES);
  if (issuer === undefined) {
    return null;
  }
  if (clientId === undefined || clientSecret === undefined) {
    const missing = clientId === undefined ? 'CLIENT_ID' : 'CLIENT_SECRET';
    throw new ConfigError(`FLOWYARD_OIDC_${missing} must be set, since FLOWYARD_OIDC_ISSUER is`);
  }
  const { protocol, hostname } = new URL(issuer);
  if (protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
    throw new ConfigError(
      'FLOWYARD_OIDC_ISSUER must be an https address: whoever listens could sign in as anybody',
    );
  }
  return {
    issuer,
    clientId,
    clientSecret,
    groupsClaim: settings.FLOWYARD_OIDC_GROUPS_CLAIM,
    name: settings.FLOWYARD_OIDC_NAME,
    groupRoles,
  };
}

/**
 * Reads the configuration: file, then environment, then flags; the last wins.
 * @throws ConfigError naming the setting
 */
export function readConfig(argv: string[], env: NodeJS.ProcessEnv): Config {
  const flags = readFlags(argv);
  const flagSettings = {
    FLOWYARD_PORT: flags.port,
    FLOWYARD_HOST: flags.host,
    FLOWYARD_DATA: flags.data,
    FLOWYARD_URL: flags.url,
    FLOWYARD_POOL: flags.pool,
    FLOWYARD_LOG_LEVEL: flags['log-level'],
  };
  const settings = parseSettings({
    ...(flags.config !== undefined && fileSettings(flags.config)),
    ...Object.fromEntries(Object.entries(env).filter(([name, value]) => name in SETTINGS && value !== '')),
    ...Object.fromEntries(Object.entries(flagSettings).filter(([, value]) => value !== undefined)),
  });
  return {
    port: settings.FLOWYARD_PORT,
    host: settings.FLOWYARD_HOST,
    dataDir: resolve(settings.FLOWYARD_DATA),
    publicUrl: settings.FLOWYARD_URL?.replace(/\/+$/, '') ?? null,
    databaseUrl: settings.FLOWYARD_DATABASE_URL ?? null,
    adminPassword: settings.FLOWYARD_ADMIN_PASSWORD ?? null,
    secretKey: settings.FLOWYARD_SECRET_KEY ?? null,
    tls: readTls(settings),
    logLevel: settings.FLOWYARD_LOG_LEVEL,
    poolSize: settings.FLOWYARD_POOL,
    cgroup: settings.FLOWYARD_CGROUP ?? null,
    healthSeconds: settings.FLOWYARD_HEALTH_SECONDS,
    trustedProxies: settings.FLOWYARD_TRUSTED_PROXIES?.split(',').map((address) => address.trim()) ?? [],
    webhookTargets: settings.FLOWYARD_WEBHOOK_TARGETS,
    mail: readMail(settings),
    singleSignOn: readSingleSignOn(settings),
    stopInstances: flags['stop-instances'] ?? false,
  };
}

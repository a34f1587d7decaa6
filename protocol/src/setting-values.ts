import { z } from 'zod';
import { ModuleName } from './names.ts';

/** What a setting may be. Values come from people and reach Node-RED, so each is bounded and none is free text. */

const MAX_LIST = 200;
const MAX_URLS = 20;
const MAX_ADDRESS = 500;
const MAX_WILDCARDS = 3;

/** Text without control characters, which could end a header or a line of a file. */
function line(max: number) {
  return (
    z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(max, `must have at most ${max} characters`)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
      .regex(/^[^\u0000-\u001f\u007f\u2028\u2029]*$/, 'must not contain control characters')
  );
}

export const TitleValue = line(60);

/** Objects have properties of these names without being given them. */
function isInherited(name: string): boolean {
  return name in {};
}

function isWebAddress(text: string): boolean {
  try {
    const { protocol, username, password } = new URL(text);
    return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
  } catch {
    return false;
  }
}

export const WebAddress = line(MAX_ADDRESS).refine(isWebAddress, 'must be an address with http or https');

export const ColourValue = z
  .string()
  .regex(/^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/, 'must be a colour such as #0b6470');

/** The id of a theme plugin of Node-RED. */
export const ThemeName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'must have 1 to 63 characters from a-z, 0-9 and . _ -')
  .refine((name) => !isInherited(name), 'is not a usable name');

/** First parts of paths that Node-RED's editor and the platform answer themselves. */
const TAKEN_PATHS: ReadonlySet<string> = new Set(
  'auth comms context credentials debug diagnostics flow flows icons inject library locales nodes plugins red resources settings theme types vendor'.split(
    ' ',
  ),
);

/** Where a dashboard is, without slashes at its ends. */
/** A path that is asked for by HTTP, perhaps with a query. */
export const ProbePath = z
  .string()
  .max(200, 'must have at most 200 characters')
  .regex(/^\/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/, 'must be a path that starts with /, for example /health');

export const PathValue = z
  .string()
  .max(100, 'must have at most 100 characters')
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]*(?:\/[A-Za-z0-9][A-Za-z0-9_-]*){0,4}$/,
    'must consist of letters, digits, _ and -, in parts with / between them',
  )
  .refine((path) => !TAKEN_PATHS.has(path.split('/', 1)[0] ?? ''), "is a path of Node-RED's editor");

const PATTERN_NAME =
  /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~*-][a-z0-9._~*-]*$|^@[a-z0-9~-][a-z0-9._~-]*\/\*$/;
const PATTERN_RANGE = /^(?:[~^]|[<>]=?)?\d+(?:\.(?:\d+|x|\*)){0,2}(?:-[0-9A-Za-z.-]+)?$|^\*$/;

function isModulePattern(text: string): boolean {
  const at = text.indexOf('@', 1);
  const name = at === -1 ? text : text.slice(0, at);
  const range = at === -1 ? '*' : text.slice(at + 1);
  const wildcards = name.split('*').length - 1;
  return (
    PATTERN_NAME.test(name) && PATTERN_RANGE.test(range) && wildcards <= MAX_WILDCARDS && !isInherited(name)
  );
}

/** A module name in which `*` stands for anything, optionally with a range of versions after `@`. */
export const ModulePattern = z
  .string()
  .max(214)
  .refine(isModulePattern, 'must be a module such as node-red-contrib-*, optionally with @ and a version');

export const ModulePatterns = z.array(ModulePattern).max(MAX_LIST, `must have at most ${MAX_LIST} entries`);

export const CatalogueList = z.array(WebAddress).max(MAX_URLS, `must have at most ${MAX_URLS} entries`);

/** An exact version: no range, no address. */
export const ExactVersion = z
  .string()
  .max(64)
  .regex(
    /^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/,
    'must be an exact version such as 1.2.3',
  );

const UsableModuleName = ModuleName.refine((name) => !isInherited(name), 'is not a usable name');

/** Modules with exact versions. */
export const ExactModules = z
  .record(UsableModuleName, ExactVersion)
  .refine((modules) => Object.keys(modules).length <= MAX_LIST, `must have at most ${MAX_LIST} modules`);
export type ExactModules = z.infer<typeof ExactModules>;

/** An origin as browsers send it, or `*` for all. */
export const OriginValue = z
  .string()
  .max(MAX_ADDRESS)
  .refine(
    (text) => text === '*' || (isWebAddress(text) && new URL(text).origin === text),
    'must be an origin such as https://example.com, without a path, or *',
  );
export const OriginList = z.array(OriginValue).max(MAX_URLS, `must have at most ${MAX_URLS} entries`);

/** A time zone of the IANA database. */
export const TimeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9+_-]*(?:\/[A-Za-z0-9+_-]+){0,2}$/, 'is not a time zone')
  .refine(isTimeZone, 'is not a time zone; they are called as in Europe/Berlin');

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== null;
  } catch {
    return false;
  }
}

/** The name that somebody types at a browser's prompt; a colon would end it there. */
export const LoginName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/,
    'must have 1 to 63 characters from letters, digits and . _ @ -',
  );

/** Given as text and never shown again; `{set: true}` stands for the one that is stored. */
export const StoredSecret = z.strictObject({ set: z.literal(true) });

export const NpmrcInput = z
  .string()
  .min(1, 'must not be empty')
  .max(20_000, 'must have at most 20000 characters')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  .regex(/^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$/, 'must not contain control characters')
  .refine(
    (text) =>
      !/^\s*(?:prefix|script-shell|userconfig|globalconfig|node-options|init-module|cache)\s*=/im.test(text),
    'must not set prefix, cache, script-shell, node-options or another configuration file',
  );

export const LoginPassword = z
  .string()
  .min(8, 'must have at least 8 characters')
  .max(256, 'must have at most 256 characters');

import { z } from 'zod';

/** Identifiers are made by the application: 26 lower-case characters that sort by time of creation. */
export const Id = z.string().regex(/^[0-9a-z]{6,40}$/, 'is not an identifier');

/** ISO 8601 in UTC. */
export const Time = z.iso.datetime();

/** A name for people: teams, applications, devices, snapshots … Control characters are refused. */
export const DisplayName = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(120, 'must have at most 120 characters')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'must not contain control characters');

export const Description = z.string().max(2000, 'must have at most 2000 characters');

/** The host name of a hosted instance, unique on the platform and never changed. */
export const InstanceName = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    'must have 1 to 63 characters from a-z, 0-9 and -, start with a letter and not end with -',
  );

/** Host names that an instance must not take, because people and browsers expect something else there. */
export const RESERVED_INSTANCE_NAMES: ReadonlySet<string> = new Set(
  'app api www admin static localhost flowyard help support status account accounts login auth mail mqtt broker registry npm docs forge'.split(
    ' ',
  ),
);

export const Username = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/, 'must have 1 to 63 characters from a-z, 0-9 and . _ -');

export const Password = z
  .string()
  .min(8, 'must have at least 8 characters')
  .max(256, 'must have at most 256 characters');

export const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/, 'must have 1 to 48 characters from a-z, 0-9 and -');

/** Variables whose names start with FLOWYARD_ belong to the platform. */
export const VariableName = z
  .string()
  .max(128, 'must have at most 128 characters')
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must consist of letters, digits and _ and not start with a digit')
  .refine((name) => !name.startsWith('FLOWYARD_'), 'must not start with FLOWYARD_, which is ours')
  .refine((name) => name !== '__proto__', 'is not a usable name');

export const Digest = z.string().regex(/^sha256-[0-9a-f]{64}$/, 'is not a SHA-256 digest');

/** A module of the palette, by the rules of the npm registry. */
export const ModuleName = z
  .string()
  .max(214)
  .regex(/^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/, 'is not the name of an npm module');

/** An exact version or a range such as ~1.2.0. Addresses and paths are refused: they could not be reproduced. */
export const ModuleVersion = z
  .string()
  .max(64)
  .regex(/^[~^]?\d+(?:\.\d+){0,2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$|^\*$/, 'is not a version');

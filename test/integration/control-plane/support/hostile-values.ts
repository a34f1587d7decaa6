import { z } from 'zod';

/** As much of JSON Schema as the API uses. */
interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema;
}

type Path = Array<string | number>;

/** A body or query that means well but for one place. */
export interface HostileInput {
  value: unknown;
  /** Where, and what is there. */
  what(): string;
}

const MEGABYTE = 'x'.repeat(1024 * 1024);
const DEEP: unknown = JSON.parse(`${'['.repeat(3000)}${']'.repeat(3000)}`);

const STRINGS = [
  '',
  '__proto__',
  'constructor',
  'null\u0000byte',
  '../../../../etc/passwd',
  '..\\..\\windows',
  '<script>alert(1)</script>',
  "'; drop table users; --",
  '%00%ff%2e%2e',
  '\u202eevil 👩‍👩‍👧‍👦 \ud800',
  'NaN',
  '1e999',
  '{{constructor.constructor}}',
  '(((((((((((((((((((a+)+)+)+)+)+$',
  'line\r\nbreak: yes',
];
const NUMBERS = ['NaN', 'Infinity', 1e308, -1e308, -1, 0, 1.5, 2 ** 53 + 1, 2 ** 31, '1', null];
const OTHERS: unknown[] = [
  null,
  true,
  0,
  'text',
  [],
  JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
];
/** Once for an operation is enough: they are refused before anybody looks at the field. */
const LARGE: unknown[] = [MEGABYTE, DEEP, Array.from({ length: 20_000 }, () => null)];
const KEYS = ['__proto__', 'constructor', 'toString', '', '../../etc/passwd', 'a\u0000b', 'k'.repeat(10_000)];

/** Every place of what the schema takes, with each hostile value in turn, and large ones where they fit. */
export function* hostileInputs(
  schema: z.ZodType,
  ids: Record<string, string>,
  large: unknown[] = LARGE,
): Generator<HostileInput> {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
  for (const option of optionsOf(json)) {
    const sample = sampleOf(option, '', ids);
    for (const [index, [path, place]] of [...placesOf(option)].entries()) {
      for (const hostile of [...valuesFor(place), ...(index < 2 ? large : [])]) {
        yield { value: replaced(sample, path, hostile), what: () => `${path.join('.')} = ${shown(hostile)}` };
      }
      for (const key of typeof place.additionalProperties === 'object' ? KEYS : []) {
        const entry = JSON.parse(
          `{${JSON.stringify(key)}:${JSON.stringify(sampleOf(place.additionalProperties as Schema, '', ids))}}`,
        );
        yield {
          value: replaced(sample, path, entry),
          what: () => `${path.join('.')} has the key ${shown(key)}`,
        };
      }
    }
  }
}

function optionsOf(schema: Schema): Schema[] {
  const options = schema.anyOf ?? schema.oneOf;
  return options === undefined ? [schema] : options.flatMap(optionsOf).filter(({ type }) => type !== 'null');
}

function sampleOf(schema: Schema, name: string, ids: Record<string, string>): unknown {
  const [option] = optionsOf(schema);
  if (option === undefined) {
    return null;
  }
  if (option.const !== undefined || option.enum !== undefined) {
    return option.const ?? option.enum?.[0];
  }
  switch (option.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(option.properties ?? {}).map(([key, value]) => [key, sampleOf(value, key, ids)]),
      );
    case 'array':
      return option.items === undefined ? [] : [sampleOf(option.items, name, ids)];
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return false;
    case 'string':
      return ids[name.replace(/Ids?$/, '')] ?? (option.format === 'email' ? 'a@example.com' : 'sample');
    default:
      return {};
  }
}

function* placesOf(schema: Schema, path: Path = []): Generator<[Path, Schema]> {
  for (const option of optionsOf(schema)) {
    yield [path, option];
    for (const [key, value] of Object.entries(option.properties ?? {})) {
      yield* placesOf(value, [...path, key]);
    }
    if (option.items !== undefined) {
      yield* placesOf(option.items, [...path, 0]);
    }
  }
}

function valuesFor({ type, enum: values }: Schema): unknown[] {
  if (type === 'string' && values === undefined) {
    return [...STRINGS, ...OTHERS.filter((value) => typeof value === 'object')];
  }
  return type === 'number' || type === 'integer' ? NUMBERS : [...OTHERS, '__proto__'];
}

function replaced(sample: unknown, path: Path, value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) {
    return value;
  }
  if (Array.isArray(sample)) {
    return [replaced(sample[0], rest, value)];
  }
  return {
    ...(sample as object),
    [first]: replaced((sample as Record<string, unknown>)?.[first], rest, value),
  };
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 60) ?? String(value);
}

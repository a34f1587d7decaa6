import { isIP } from 'node:net';
import type { BlueprintTextFormat, BlueprintVariable, FieldError } from '@flowyard/protocol';
import { invalidFields } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { VariableRow } from '../instances/instance-row.ts';

type Values = Readonly<Record<string, string>>;

const FORMATS: Record<BlueprintTextFormat, { fits: (text: string) => boolean; message: string }> = {
  any: { fits: () => true, message: '' },
  host: {
    fits: (text) =>
      isIP(text) !== 0 ||
      (text.length <= 253 && /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_-]+)*\.?$/i.test(text)),
    message: 'must be a host name or an IP address',
  },
  address: { fits: isAddress, message: 'must be an address such as http://192.0.2.1/data' },
  topic: {
    fits: (text) => /^[^#+]+$/.test(text) && !text.startsWith('/') && !text.endsWith('/'),
    message: 'must be an MQTT topic without + and #, and without / at its ends',
  },
  file: {
    fits: (text) => /^[\w][\w.-]*$/.test(text),
    message: 'must be the name of a file, of letters, digits and . _ -',
  },
};

function isAddress(text: string): boolean {
  return URL.canParse(text) && /^(?:https?|wss?|mqtts?|opc\.tcp):$/.test(new URL(text).protocol);
}

/** Why a value does not fit its variable; null when it does. */
export function valueProblem(variable: BlueprintVariable, value: string): string | null {
  switch (variable.type) {
    case 'number':
      return numberProblem(variable, value);
    case 'boolean':
      return value === 'true' || value === 'false' ? null : 'must be true or false';
    case 'choice':
      return variable.choices.includes(value) ? null : `must be one of ${variable.choices.join(', ')}`;
    case 'text':
    case 'secret': {
      const format = FORMATS[variable.format];
      return value === '' || format.fits(value) ? null : format.message;
    }
  }
}

function numberProblem({ min, max, whole }: BlueprintVariable, text: string): string | null {
  const value = Number(text);
  if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) || !Number.isFinite(value)) {
    return 'must be a number';
  }
  if (whole && !Number.isInteger(value)) {
    return 'must be a whole number';
  }
  if (min !== null && value < min) {
    return `must be at least ${min}`;
  }
  return max !== null && value > max ? `must be at most ${max}` : null;
}

/** @throws AppError 422 with each declaration that contradicts itself */
export function checkDeclarations(variables: readonly BlueprintVariable[]): void {
  const problems = variables.flatMap((variable, index): FieldError[] => {
    const problem = declarationProblem(variable, variables.slice(0, index));
    return problem === null ? [] : [{ field: `variables.${index}.${problem[0]}`, message: problem[1] }];
  });
  if (problems.length > 0) {
    throw invalidFields(problems);
  }
}

function declarationProblem(
  variable: BlueprintVariable,
  before: readonly BlueprintVariable[],
): [field: string, message: string] | null {
  const { name, type, choices, min, max } = variable;
  if (before.some((other) => other.name === name)) {
    return ['name', `names ${name} twice`];
  }
  if (type === 'choice' && (choices.length === 0 || new Set(choices).size < choices.length)) {
    return ['choices', 'must be a list of different values'];
  }
  if (min !== null && max !== null && min > max) {
    return ['min', 'must not be above the maximum'];
  }
  if (type === 'secret' && variable.default !== null) {
    return ['default', 'must not be set for a secret: everybody who sees the blueprint would read it'];
  }
  const problem = variable.default === null ? null : valueProblem(variable, variable.default);
  return problem === null ? null : ['default', problem];
}

/**
 * The variables of an instance from what somebody entered for those that a blueprint asks for. What it does not ask
 * for is taken as it is. What was left out gets its default.
 * @throws AppError 422 that names each field that does not fit
 */
export function variablesFrom(
  declared: readonly BlueprintVariable[],
  values: Values,
  vault: Vault,
): VariableRow[] {
  const problems = declared.flatMap((variable): FieldError[] => {
    const problem = givenProblem(variable, values[variable.name]);
    return problem === null ? [] : [{ field: `env.${variable.name}`, message: problem }];
  });
  if (problems.length > 0) {
    throw invalidFields(problems);
  }
  const asked = declared.map(({ name, type, default: usual }): VariableRow => {
    const secret = type === 'secret';
    const value = isGiven(values[name]) ? (values[name] as string) : (usual ?? '');
    return { name, value: secret ? vault.seal(value) : value, secret };
  });
  const names = new Set(declared.map(({ name }) => name));
  const more = Object.entries(values)
    .filter(([name]) => !names.has(name))
    .map(([name, value]) => ({ name, value, secret: false }));
  return [...asked, ...more];
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}

function givenProblem(variable: BlueprintVariable, value: string | undefined): string | null {
  if (isGiven(value)) {
    return valueProblem(variable, value);
  }
  return variable.required && variable.default === null ? 'is needed' : null;
}

import type {
  BlueprintTextFormat,
  BlueprintVariable,
  BlueprintVariableType,
  VariableView,
} from '@flowyard/protocol';

/** A variable that a blueprint asks for, while it is edited: everything is text. */
export interface DeclarationRow {
  key: number;
  name: string;
  type: BlueprintVariableType;
  label: string;
  help: string;
  default: string;
  required: boolean;
  choices: string;
  min: string;
  max: string;
  whole: boolean;
  format: BlueprintTextFormat;
}

let nextKey = 1;

export function emptyDeclaration(): DeclarationRow {
  return {
    key: nextKey++,
    name: '',
    type: 'text',
    label: '',
    help: '',
    default: '',
    required: false,
    choices: '',
    min: '',
    max: '',
    whole: false,
    format: 'any',
  };
}

export function declarationRow(variable: BlueprintVariable): DeclarationRow {
  return {
    ...emptyDeclaration(),
    ...variable,
    default: variable.default ?? '',
    choices: variable.choices.join(', '),
    min: variable.min?.toString() ?? '',
    max: variable.max?.toString() ?? '',
  };
}

/** A row for a variable of the instance: its type is guessed from its value, which becomes the default. */
export function guessedRow({ name, value, secret }: VariableView): DeclarationRow {
  const words = name.toLowerCase().replaceAll('_', ' ');
  const type = secret ? 'secret' : guessType(value ?? '');
  return {
    ...emptyDeclaration(),
    name,
    type,
    label: words.charAt(0).toUpperCase() + words.slice(1),
    default: secret ? '' : (value ?? ''),
  };
}

function guessType(value: string): BlueprintVariableType {
  if (value === 'true' || value === 'false') {
    return 'boolean';
  }
  return /^-?\d+(?:\.\d+)?$/.test(value) ? 'number' : 'text';
}

/** The rows as the API takes them; what does not belong to a type is left out. */
export function declarationsOf(rows: readonly DeclarationRow[]) {
  return rows.map((row) => {
    const { name, type, label, help, required } = row;
    return {
      ...{ name, type, label, help, required },
      default: type === 'secret' || row.default === '' ? null : row.default,
      choices: type === 'choice' ? splitChoices(row.choices) : [],
      min: type === 'number' && row.min !== '' ? Number(row.min) : null,
      max: type === 'number' && row.max !== '' ? Number(row.max) : null,
      whole: type === 'number' && row.whole,
      format: type === 'text' ? row.format : ('any' as const),
    };
  });
}

function splitChoices(text: string): string[] {
  return text
    .split(',')
    .map((choice) => choice.trim())
    .filter((choice) => choice !== '');
}

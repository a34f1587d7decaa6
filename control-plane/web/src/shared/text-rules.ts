import { reservedInstanceNames, textRules } from 'virtual:vocabulary';

type Rule = (value: string | null | undefined) => true | string;

function matches(name: keyof typeof textRules, message: string): Rule {
  const { pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = textRules[name];
  const expression = new RegExp(pattern ?? '');
  return (value) => {
    const text = value ?? '';
    return (text.length >= minLength && text.length <= maxLength && expression.test(text)) || message;
  };
}

/** What each kind of name must look like, said before anything is sent. */
export const TEXT_RULES = {
  displayName: matches('displayName', 'Give it a name of at most 120 characters.'),
  instanceName: matches(
    'instanceName',
    'Use a-z, 0-9 and -; begin with a letter, do not end with -, at most 63 characters.',
  ),
  username: matches('username', 'Use a-z, 0-9 and . _ -; at most 63 characters.'),
  password: matches('password', 'Use at least 8 characters.'),
  variableName: (value) =>
    matches('variableName', 'Use letters, digits and _; do not begin with a digit.')(value) === true
      ? !value?.startsWith('FLOWYARD_') || 'Names that begin with FLOWYARD_ are ours.'
      : 'Use letters, digits and _; do not begin with a digit.',
  notReserved: (value) =>
    !reservedInstanceNames.includes(value ?? '') || 'This name is reserved; choose another one.',
} satisfies Record<string, Rule>;

const WORDS: Readonly<Record<string, string>> = {
  email: 'The e-mail address',
  username: 'The user name',
  'password.current': 'The current password',
  'password.next': 'The new password',
};

/** What people call a field of a request: "instanceTypeId" is "The instance type". */
export function fieldWords(field: string): string {
  const known = WORDS[field];
  if (known !== undefined) {
    return known;
  }
  const words = field
    .replace(/Id$/, '')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('.', ' ')
    .toLowerCase();
  return words === '' ? 'The request' : `The ${words}`;
}

/** A value as the parser of `.env` files reads it back; null when no quotes fit around it. */
function quoted(value: string): string | null {
  if (/^[\w./:@%+,-]*$/.test(value)) {
    return value;
  }
  const quote = ["'", '`', '"'].find((mark) => !value.includes(mark));
  if (quote === undefined || (quote === '"' && /\\[nr]/.test(value)) || value.includes('\r')) {
    return null;
  }
  return `${quote}${value}${quote}`;
}

/** The text of a `.env` file. What is secret, or cannot be written, is only named. */
export function formatDotEnv(
  variables: ReadonlyArray<{ name: string; value: string; secret: boolean }>,
): string {
  const lines = variables.map(({ name, value, secret }) => {
    const text = secret ? null : quoted(value);
    if (text !== null) {
      return `${name}=${text}`;
    }
    return secret ? `# ${name} is secret and left out` : `# ${name} has a value that cannot be written here`;
  });
  return `${lines.join('\n')}\n`;
}

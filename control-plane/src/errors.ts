import type { FieldError } from '@flowyard/protocol';

/** An error whose message is meant for the person who asked. Everything else becomes a bare 500. */
export class AppError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(status: number, code: string, message: string, details?: Record<string, unknown>) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

export function unauthenticated(message = 'Sign in first, or send a valid token.'): AppError {
  return new AppError(401, 'unauthenticated', message);
}

export function forbidden(message: string): AppError {
  return new AppError(403, 'forbidden', message);
}

/** Also for what is there but may not be seen. */
export function notFound(what: string): AppError {
  return new AppError(404, 'not_found', `There is no such ${what}, or you may not see it.`);
}

export function conflict(code: string, message: string, details?: Record<string, unknown>): AppError {
  return new AppError(409, code, message, details);
}

/** Input that fits the schema but breaks a rule; names the field. */
export function invalid(field: string, message: string): AppError {
  return invalidFields([{ field, message }]);
}

export function invalidFields(fields: FieldError[]): AppError {
  const first = fields[0];
  const message = first
    ? `${first.field || 'The request'} ${first.message}.`.replace(/\.\.$/, '.')
    : 'The request does not fit.';
  return new AppError(422, 'invalid', message, { fields });
}

export function tooLarge(maxBytes: number): AppError {
  const size = maxBytes >= 1024 * 1024 ? `${maxBytes / 1024 / 1024} MB` : `${maxBytes / 1024} KB`;
  return new AppError(413, 'too_large', `The body is larger than the ${size} that are allowed here.`, {
    maxBytes,
  });
}

/** Counts with their nouns, for messages: "1 application and 2 devices". What there is none of is left out. */
export function countAll(counts: Record<string, number>): string {
  return Object.entries(counts)
    .filter(([, number]) => number > 0)
    .map(([noun, number]) => `${number} ${noun}${number === 1 ? '' : 's'}`)
    .join(' and ');
}

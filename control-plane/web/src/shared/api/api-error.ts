import type { ErrorBody, FieldError } from '@flowyard/protocol';
import { fieldWords } from './field-words.ts';

/** A request that did not succeed, in words for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: Record<string, unknown>;

  constructor(status: number, error: { code: string; message: string; details?: Record<string, unknown> }) {
    super(error.message);
    this.status = status;
    this.code = error.code;
    this.details = error.details ?? {};
  }

  /** The messages by field, for forms; a field inside an object is named with dots. */
  get fields(): Record<string, string[]> {
    const list = Array.isArray(this.details.fields) ? (this.details.fields as FieldError[]) : [];
    const byField: Record<string, string[]> = {};
    for (const { field, message } of list) {
      byField[field] = [...(byField[field] ?? []), message];
    }
    return byField;
  }
}

/** The error that an answer carries; answers of something else in between (a proxy, say) are told apart. */
export function errorOfAnswer(status: number, body: unknown): ApiError {
  const error = (body as Partial<ErrorBody> | undefined)?.error;
  if (typeof error?.message === 'string' && typeof error.code === 'string') {
    const { code, message, details } = error;
    return new ApiError(status, {
      code,
      message: fieldSentences(details) || message,
      ...(details && { details }),
    });
  }
  return new ApiError(status, {
    code: 'unexpected-answer',
    message: `The server answered ${status} without saying why. Try again; when it stays so, look into the log of the control plane.`,
  });
}

/** What is wrong with each field, in the words of the page instead of those of the request. */
function fieldSentences(details: Record<string, unknown> | undefined): string {
  const list = Array.isArray(details?.fields) ? (details.fields as FieldError[]) : [];
  return list.map(({ field, message }) => `${fieldWords(field)} ${message.replace(/\.$/, '')}.`).join(' ');
}

/** Whatever was thrown, as an error that can be shown. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) {
    return thrown;
  }
  if (thrown instanceof TypeError) {
    return new ApiError(0, {
      code: 'unreachable',
      message:
        'The control plane cannot be reached. Hosted instances and devices go on meanwhile; try again.',
    });
  }
  return new ApiError(0, {
    code: 'page-error',
    message: thrown instanceof Error ? thrown.message : String(thrown),
  });
}

import type { ErrorBody } from '@flowyard/protocol';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { AppError, tooLarge } from '../errors.ts';

interface BodyParserError extends Error {
  type: string;
  limit?: number;
}

function isBodyParserError(error: unknown): error is BodyParserError {
  return error instanceof Error && 'type' in error && typeof error.type === 'string';
}

/** PostgreSQL stores no text with a null character in it. */
const NO_NULL_CHARACTERS = '22021';

/** What a thrown thing means to the client; null when it is a fault of ours. */
function translate(error: unknown): AppError | null {
  if (error instanceof AppError) {
    return error;
  }
  if (isBodyParserError(error)) {
    if (error.type === 'entity.too.large') {
      return tooLarge(error.limit ?? 0);
    }
    return new AppError(422, 'malformed', 'The body is not valid JSON in UTF-8.');
  }
  if (error instanceof URIError) {
    return new AppError(404, 'not_found', 'The address is malformed.');
  }
  if (error instanceof Error && 'code' in error && error.code === NO_NULL_CHARACTERS) {
    return new AppError(422, 'invalid', 'The request contains a null character, which cannot be stored.');
  }
  return null;
}

export function presentError(error: AppError): ErrorBody {
  return {
    error: { code: error.code, message: error.message, ...(error.details && { details: error.details }) },
  };
}

/** The one place where an error becomes an answer. What is not meant for people is logged and answered with a bare 500. */
export function handleErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const known = translate(error);
    if (known === null) {
      logger.error({ err: error, method: request.method, path: request.path }, 'request failed');
    }
    const answer =
      known ??
      new AppError(500, 'internal', 'Something went wrong on the server. Its log has the reason; try again.');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (answer.status === 413) {
      response.set('Connection', 'close');
    }
    response.status(answer.status).json(presentError(answer));
  };
}

export function noSuchPath(): RequestHandler {
  return (request) => {
    throw new AppError(
      404,
      'not_found',
      `There is no ${request.method} ${request.originalUrl.split('?')[0]}.`,
    );
  };
}

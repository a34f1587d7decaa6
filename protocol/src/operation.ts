import { z } from 'zod';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

type ParamsSchema = z.ZodObject;
type BodySchema = z.ZodType;

/** One operation of the HTTP API: everything that can be said of it without knowing how it is done. */
export interface Operation<
  P extends ParamsSchema = ParamsSchema,
  Q extends ParamsSchema = ParamsSchema,
  B extends BodySchema = BodySchema,
  R extends z.ZodType = z.ZodType,
> {
  /** Unique, camelCase: `createInstance`. */
  id: string;
  method: Method;
  /** Below `/api/v1`, with `:name` for parameters. */
  path: string;
  summary: string;
  params: P;
  query: Q;
  body: B;
  response: R;
  status: 200 | 201 | 202 | 204;
  /** Largest body in bytes. */
  maxBodyBytes: number;
  /** Of the answer. */
  contentType: string;
}

const EMPTY = z.strictObject({});
const NO_BODY = z.undefined().or(z.strictObject({}));
export const NoContent = z.void();

const KIB = 1024;
const MIB = 1024 * KIB;
/** Flows, credentials and snapshots may be large; everything else is small. */
export const LARGE_BODY_BYTES = 20 * MIB;
const SMALL_BODY_BYTES = 256 * KIB;

interface OperationInput<P, Q, B, R> {
  method: Method;
  path: string;
  summary: string;
  params?: P;
  query?: Q;
  body?: B;
  response: R;
  status?: 200 | 201 | 202 | 204;
  maxBodyBytes?: number;
  contentType?: string;
}

/** Declares an operation; parts that are left out are empty. */
export function operation<
  P extends ParamsSchema = typeof EMPTY,
  Q extends ParamsSchema = typeof EMPTY,
  B extends BodySchema = typeof NO_BODY,
  R extends z.ZodType = z.ZodType,
>(id: string, input: OperationInput<P, Q, B, R>): Operation<P, Q, B, R> {
  return {
    id,
    method: input.method,
    path: input.path,
    summary: input.summary,
    params: input.params ?? (EMPTY as unknown as P),
    query: input.query ?? (EMPTY as unknown as Q),
    body: input.body ?? (NO_BODY as unknown as B),
    response: input.response,
    status: input.status ?? 200,
    maxBodyBytes: input.maxBodyBytes ?? SMALL_BODY_BYTES,
    contentType: input.contentType ?? 'application/json',
  };
}

/** Lists answer a page of items; `nextCursor` asks for the following one, `total` counts all that match. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), nextCursor: z.string().nullable(), total: z.number().int() });
}

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
  total: number;
}

export const ListQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(300).optional(),
  search: z.string().max(120).optional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

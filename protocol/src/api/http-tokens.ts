import { z } from 'zod';
import { DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';

const IdParams = z.strictObject({ id: Id });

export const HttpTokenView = z.object({
  id: Id,
  name: z.string(),
  expiresAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
  createdAt: Time,
});
export type HttpTokenView = z.infer<typeof HttpTokenView>;

export const listHttpTokens = operation('listHttpTokens', {
  method: 'GET',
  path: '/instances/:id/http-tokens',
  summary: 'Tokens with which programs reach the HTTP routes of an instance',
  params: IdParams,
  query: ListQuery,
  response: pageOf(HttpTokenView),
});

export const createHttpToken = operation('createHttpToken', {
  method: 'POST',
  path: '/instances/:id/http-tokens',
  summary: 'Make an HTTP token; its value is shown this once',
  params: IdParams,
  body: z.strictObject({ name: DisplayName, expiresAt: Time.optional() }),
  response: z.object({ id: Id, token: z.string() }),
  status: 201,
});

export const deleteHttpToken = operation('deleteHttpToken', {
  method: 'DELETE',
  path: '/instances/:id/http-tokens/:tokenId',
  summary: 'Revoke an HTTP token; it is refused from then on',
  params: z.strictObject({ id: Id, tokenId: Id }),
  response: NoContent,
  status: 204,
});

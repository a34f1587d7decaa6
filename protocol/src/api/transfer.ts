import { z } from 'zod';
import { Id } from '../names.ts';
import { operation } from '../operation.ts';
import { ApplicationView } from './applications.ts';

export const transferApplication = operation('transferApplication', {
  method: 'POST',
  path: '/applications/:id/transfer',
  summary: 'Move an application with all it has to another team; by an owner of both, or an administrator',
  params: z.strictObject({ id: Id }),
  body: z.strictObject({ teamId: Id }),
  response: ApplicationView,
});

import { z } from 'zod';
import { Id } from '../names.ts';
import { ListQuery, operation, pageOf } from '../operation.ts';

const IdParams = z.strictObject({ id: Id });

export const StackState = z.enum(['absent', 'installing', 'testing', 'ready', 'failed']);
export type StackState = z.infer<typeof StackState>;

export const StackView = z.object({
  id: Id,
  name: z.string(),
  nodeRed: z.string(),
  nodeJs: z.string(),
  state: StackState,
  /** The step an installation is in, or why it failed. */
  detail: z.string().nullable(),
  /** 0 to 1 while installing. */
  progress: z.number().nullable(),
  default: z.boolean(),
  instances: z.number().int(),
});
export type StackView = z.infer<typeof StackView>;

export const listStacks = operation('listStacks', {
  method: 'GET',
  path: '/stacks',
  summary: 'Versions of Node-RED that instances can run',
  query: ListQuery,
  response: pageOf(StackView),
});

export const getStack = operation('getStack', {
  method: 'GET',
  path: '/stacks/:id',
  summary: 'One stack',
  params: IdParams,
  response: StackView,
});

export const installStack = operation('installStack', {
  method: 'POST',
  path: '/stacks/:id/actions',
  summary: 'Install a stack; its progress is on the topic `platform`',
  params: IdParams,
  body: z.strictObject({ action: z.enum(['install']) }),
  response: StackView,
  status: 202,
});

export const InstanceTypeView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  memoryMb: z.number().int(),
  default: z.boolean(),
});
export type InstanceTypeView = z.infer<typeof InstanceTypeView>;

export const listInstanceTypes = operation('listInstanceTypes', {
  method: 'GET',
  path: '/instance-types',
  summary: 'Sizes of instances',
  query: ListQuery,
  response: pageOf(InstanceTypeView),
});

export const TemplateView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  default: z.boolean(),
});
export type TemplateView = z.infer<typeof TemplateView>;

export const listTemplates = operation('listTemplates', {
  method: 'GET',
  path: '/templates',
  summary: 'Templates of settings for instances',
  query: ListQuery,
  response: pageOf(TemplateView),
});

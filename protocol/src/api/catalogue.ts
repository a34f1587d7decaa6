import { z } from 'zod';
import { DisplayName, Id } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';

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
  /** False when it is not offered any more; instances that run it go on. */
  active: z.boolean(),
  /** It came with the control plane and follows its version. */
  bundled: z.boolean(),
  /** The stack that instances should move to. */
  replacedBy: z.object({ id: Id, name: z.string() }).nullable(),
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

/** Nothing else names what is installed for good. */
const ExactVersion = z
  .string()
  .max(64)
  .regex(/^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/, 'is not an exact version such as 4.1.8');

export const createStack = operation('createStack', {
  method: 'POST',
  path: '/stacks',
  summary: 'Add a stack to the list; npm must have the versions',
  body: z.strictObject({
    name: DisplayName,
    nodeRed: ExactVersion,
    /** Null or left out: the Node.js that runs the control plane. */
    nodeJs: ExactVersion.nullable().optional(),
    /** Whether the installation is started at once. */
    install: z.boolean().optional(),
  }),
  response: StackView,
  status: 201,
});

export const updateStack = operation('updateStack', {
  method: 'PATCH',
  path: '/stacks/:id',
  summary: 'Rename a stack, make it the default, withdraw it, or name its successor',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    default: z.literal(true).optional(),
    active: z.boolean().optional(),
    /** Instances that run this one are shown that an update is there. */
    replacedById: Id.nullable().optional(),
  }),
  response: StackView,
});

export const deleteStack = operation('deleteStack', {
  method: 'DELETE',
  path: '/stacks/:id',
  summary: 'Delete a stack and its files; refused while it is used, the default, or the one that came along',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const StackAction = z.enum(['install', 'retry', 'remove']);
export type StackAction = z.infer<typeof StackAction>;

export const actOnStack = operation('actOnStack', {
  method: 'POST',
  path: '/stacks/:id/actions',
  summary: 'Install a stack, try again, or remove its files; progress is on the topic `platform`',
  params: IdParams,
  body: z.strictObject({ action: StackAction }),
  response: StackView,
  status: 202,
});

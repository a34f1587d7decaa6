import { z } from 'zod';
import { Description, DisplayName, Id } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';

const IdParams = z.strictObject({ id: Id });

const MemoryMb = z
  .number()
  .int('is not a whole number')
  .min(64, 'is below 64: Node-RED does not start with less')
  .max(65_536, 'is above 65536');
const CpuLimit = z.number().min(0.05, 'is below 0.05').max(256, 'is above 256');
const Price = z.number().min(0, 'is below 0').max(1_000_000, 'is above 1000000');
const Position = z.number().int('is not a whole number').min(0, 'is below 0').max(10_000, 'is above 10000');
const StackIds = z.array(Id).max(100, 'has more than 100 entries');

export const InstanceTypeView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  memoryMb: z.number().int(),
  /** How many cores it may use, for example 0.5; null is no limit. */
  cpuLimit: z.number().nullable(),
  /** For a month, in the currency of the platform; null is none. */
  price: z.number().nullable(),
  /** Those with a lower number are listed first. */
  position: z.number().int(),
  default: z.boolean(),
  /** False when it is not offered any more; instances that have it keep it. */
  active: z.boolean(),
  /** The stacks it is offered with; empty is all. */
  stackIds: z.array(Id),
  instances: z.number().int(),
});
export type InstanceTypeView = z.infer<typeof InstanceTypeView>;

/** Whether the operating system holds processes to their instance type. */
export const LimitsView = z.object({
  /** Beyond the heap limit that Node.js always has. */
  applied: z.boolean(),
  /** Why not; null when they are. */
  problem: z.string().nullable(),
});
export type LimitsView = z.infer<typeof LimitsView>;

export const listInstanceTypes = operation('listInstanceTypes', {
  method: 'GET',
  path: '/instance-types',
  summary: 'Sizes of instances, and whether this machine applies their limits',
  query: ListQuery,
  response: pageOf(InstanceTypeView).extend({ limits: LimitsView }),
});

export const createInstanceType = operation('createInstanceType', {
  method: 'POST',
  path: '/instance-types',
  summary: 'Make an instance type',
  body: z.strictObject({
    name: DisplayName,
    description: Description.optional(),
    memoryMb: MemoryMb,
    cpuLimit: CpuLimit.nullable().optional(),
    price: Price.nullable().optional(),
    position: Position.optional(),
    stackIds: StackIds.optional(),
  }),
  response: InstanceTypeView,
  status: 201,
});

export const updateInstanceType = operation('updateInstanceType', {
  method: 'PATCH',
  path: '/instance-types/:id',
  summary: 'Change an instance type; memory and CPU hold for an instance from its next start',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    description: Description.optional(),
    memoryMb: MemoryMb.optional(),
    cpuLimit: CpuLimit.nullable().optional(),
    price: Price.nullable().optional(),
    position: Position.optional(),
    default: z.literal(true).optional(),
    active: z.boolean().optional(),
    stackIds: StackIds.optional(),
  }),
  response: InstanceTypeView,
});

export const deleteInstanceType = operation('deleteInstanceType', {
  method: 'DELETE',
  path: '/instance-types/:id',
  summary: 'Delete an instance type; refused while instances have it or it is the default',
  params: IdParams,
  response: NoContent,
  status: 204,
});

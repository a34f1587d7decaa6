import type { Stores } from '../../db/stores.ts';
import { conflict, invalid } from '../../errors.ts';
import type { InstanceTypeRow } from '../instance-types/store.ts';
import type { StackRow, TemplateRow } from '../stacks/store.ts';

/** What a person chose; the rest is chosen for them. */
export interface Choice {
  instanceTypeId?: string | undefined;
  stackId?: string | undefined;
  templateId?: string | undefined;
}

/**
 * The parts of a new instance.
 * @throws AppError 422 for what does not exist or does not fit, 409 for what is not offered
 */
export async function chooseParts(
  stores: Stores,
  choice: Choice,
): Promise<{ type: InstanceTypeRow; stack: StackRow; template: TemplateRow }> {
  const type = await chooseType(stores, choice.instanceTypeId);
  const stack = await chooseStack(stores, choice.stackId, type);
  const template = await stores.catalogue.findTemplate(choice.templateId);
  if (template === null) {
    throw invalid('templateId', 'is not a template; GET /templates lists them');
  }
  return { type, stack, template };
}

/** The type with that id, or the default one, if it is offered. */
export async function chooseType(stores: Stores, id: string | undefined): Promise<InstanceTypeRow> {
  const type = await stores.instanceTypes.find(id);
  if (type === null) {
    throw invalid('instanceTypeId', 'is not an instance type; GET /instance-types lists them');
  }
  if (!type.active) {
    throw conflict('not_offered', `The instance type ${type.name} is not offered any more. Choose another.`);
  }
  return type;
}

/** The stack with that id, or the one that people get who choose none, if it can be used with that type. */
export async function chooseStack(
  stores: Stores,
  id: string | undefined,
  type: InstanceTypeRow,
): Promise<StackRow> {
  const stack = id === undefined ? await usualStack(stores, type) : await stores.catalogue.findStack(id);
  if (stack === null) {
    throw invalid('stackId', 'is not a stack; GET /stacks lists them');
  }
  if (stack.state !== 'ready') {
    throw conflict(
      'stack_not_ready',
      `The stack ${stack.name} is not installed. An administrator can install it under Stacks.`,
    );
  }
  if (!stack.active) {
    throw conflict('not_offered', `The stack ${stack.name} is not offered any more. Choose another.`);
  }
  if (!isOfferedWith(type, stack.id)) {
    throw invalid('stackId', `is not offered with the instance type ${type.name}`);
  }
  return stack;
}

/** The default stack, or where the type is not offered with it, one with which it is. */
async function usualStack(stores: Stores, type: InstanceTypeRow): Promise<StackRow | null> {
  const all = await stores.catalogue.allStacks();
  const usable = all.filter(
    (stack) => stack.active && stack.state === 'ready' && isOfferedWith(type, stack.id),
  );
  return usable.find((stack) => stack.default) ?? usable[0] ?? all.find((stack) => stack.default) ?? null;
}

function isOfferedWith({ stackIds }: InstanceTypeRow, stackId: string): boolean {
  return stackIds.length === 0 || stackIds.includes(stackId);
}

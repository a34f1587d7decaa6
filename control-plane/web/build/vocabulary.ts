import {
  DisplayName,
  InstanceName,
  NEEDS_ATTENTION,
  NOTIFICATION_KINDS,
  Password,
  RESERVED_INSTANCE_NAMES,
  ROLE_PERMISSIONS,
  ROLES,
  RUNTIME_STATUSES,
  Slug,
  Username,
  VariableName,
} from '@flowyard/protocol';
import type { Plugin } from 'vite';
import { z } from 'zod';

const ID = 'virtual:vocabulary';
const RESOLVED = `\0${ID}`;

interface TextRule {
  pattern?: string;
  minLength?: number;
  maxLength?: number;
}

function ruleOf(schema: z.ZodType): TextRule {
  const { pattern, minLength, maxLength } = z.toJSONSchema(schema, { io: 'input' }) as TextRule;
  return { ...(pattern && { pattern }), ...(minLength && { minLength }), ...(maxLength && { maxLength }) };
}

/**
 * Gives the page what it must know of the contract (roles, statuses, rules of names) as plain values. Importing
 * the protocol itself would bring the whole validator along.
 */
export function vocabulary(): Plugin {
  const values = {
    roles: ROLES,
    rolePermissions: Object.fromEntries(
      Object.entries(ROLE_PERMISSIONS).map(([role, permissions]) => [role, [...permissions]]),
    ),
    statuses: RUNTIME_STATUSES,
    notificationKinds: Object.entries(NOTIFICATION_KINDS).map(([kind, { severity, text }]) => ({
      kind,
      severity,
      text,
    })),
    needsAttention: [...NEEDS_ATTENTION],
    reservedInstanceNames: [...RESERVED_INSTANCE_NAMES],
    textRules: {
      displayName: ruleOf(DisplayName),
      instanceName: ruleOf(InstanceName),
      username: ruleOf(Username),
      password: ruleOf(Password),
      slug: ruleOf(Slug),
      variableName: ruleOf(VariableName),
    },
  };
  const lines = Object.entries(values).map(
    ([name, value]) => `export const ${name} = ${JSON.stringify(value)};`,
  );
  return {
    name: 'flowyard-vocabulary',
    resolveId: (id) => (id === ID ? RESOLVED : null),
    load: (id) => (id === RESOLVED ? lines.join('\n') : null),
  };
}

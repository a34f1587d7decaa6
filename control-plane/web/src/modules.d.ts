declare module 'virtual:vocabulary' {
  import type { NotificationKind, Permission, Role, RuntimeStatus, Severity } from '@flowyard/protocol';

  interface TextRule {
    pattern?: string;
    minLength?: number;
    maxLength?: number;
  }

  export const roles: readonly Role[];
  export const rolePermissions: Readonly<Record<Role, readonly Permission[]>>;
  export const statuses: readonly RuntimeStatus[];
  export const notificationKinds: ReadonlyArray<{ kind: NotificationKind; severity: Severity; text: string }>;
  export const needsAttention: readonly RuntimeStatus[];
  export const reservedInstanceNames: readonly string[];
  export const textRules: Readonly<
    Record<'displayName' | 'instanceName' | 'username' | 'password' | 'slug' | 'variableName', TextRule>
  >;
}

declare module '*.md' {
  const text: { title: string; html: string };
  export default text;
}

declare module 'vuetify/styles/core';

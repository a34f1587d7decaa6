/**
 * What the audit log writes down, by the name of the event. The list in the docs is made from this one.
 * Names are `<concept>.<what happened>`.
 */
export const AUDIT_EVENTS = {
  'access-token.created': 'An access token was made',
  'access-token.revoked': 'An access token was revoked',
  'application.changed': 'An application was renamed or described anew',
  'application.created': 'An application was made',
  'application.deleted': 'An application was deleted',
  'application.role-removed': 'A role that held in one application only was taken away',
  'application.role-set': 'Somebody was given another role in one application',
  'audit.pruned': 'Entries older than the team type keeps were removed; the chain still accounts for them',
  'deployment.aborted': 'A push was stopped by a person',
  'deployment.succeeded': 'A push reached all its targets',
  'deployment.failed': 'A push failed; its targets went back to what they ran',
  'deployment.started': 'A push was started',
  'device-group.changed': 'A device group was renamed or described anew',
  'device-group.created': 'A device group was made',
  'device-group.deleted': 'A device group was deleted',
  'device-group.members-changed': 'Devices were added to a group or removed from it',
  'device-group.target-set': 'The snapshot that a device group runs was set',
  'device.assigned': 'A device was assigned to an application or an instance, or to nothing',
  'device.changed': 'A device was renamed or its type changed',
  'device.created': 'A device was added',
  'device.deleted': 'A device was removed',
  'device.target-set': 'The snapshot that a device runs was set',
  'editor.opened': 'Somebody signed in to an editor',
  'flows.deployed': 'Flows were deployed',
  'instance.running': 'Node-RED runs with its flows',
  'instance.stopped': 'Node-RED was stopped',
  'instance.suspended': 'An instance was suspended',
  'instance.changed': 'A hosted instance was described anew',
  'instance.created': 'A hosted instance was made',
  'instance.deleted': 'A hosted instance was deleted',
  'instance.crashed': 'Node-RED ended by itself',
  'instance.error': 'Node-RED runs, but its flows do not run as they should',
  'instance.returned': 'A failed push was taken back: the instance runs again what it ran before',
  'instance.rolled-back': 'An instance was rolled back to a snapshot',
  'instance.safe': 'Node-RED was started in safe mode: its flows do not run',
  'instance.target-set': 'The snapshot that the devices of an instance run was set',
  'instance.variables-changed': 'Variables of an instance were changed; values are not written down',
  'member.added': 'Somebody joined a team',
  'member.changed': 'Somebody was given another role in a team',
  'member.removed': 'Somebody left a team or was removed from it',
  'pipeline.changed': 'A pipeline was renamed',
  'pipeline.created': 'A pipeline was made',
  'pipeline.deleted': 'A pipeline was deleted',
  'pipeline.stage-added': 'A stage was added',
  'pipeline.stage-changed': 'A stage was changed',
  'pipeline.stage-removed': 'A stage was removed',
  'provisioning-token.created': 'A provisioning token was made',
  'provisioning-token.revoked': 'A provisioning token was revoked',
  'snapshot.changed': 'A snapshot was renamed or described anew',
  'snapshot.created': 'A snapshot was taken',
  'snapshot.deleted': 'A snapshot was deleted',
  'stack.install-asked': 'The installation of a stack was started',
  'team.changed': 'A team was changed',
  'team.created': 'A team was made',
  'team.deleted': 'A team was deleted',
  'user.changed': 'The account of a person was changed',
  'user.created': 'A person was added',
  'user.deleted': 'A person was removed',
  'second-factor.disabled': 'The second factor of a person was turned off, by them or by an administrator',
  'second-factor.enabled': 'Somebody turned their second factor on',
  'second-factor.recovery-code-used': 'Somebody signed in with a recovery code',
  'second-factor.recovery-codes-made': 'Somebody made new recovery codes',
  'session.ended': 'Somebody ended one of their sessions',
  'user.signed-in': 'Somebody signed in',
} as const;

/** Events whose second part comes from Node-RED, from an agent or from what was asked for. */
export const AUDIT_EVENT_FAMILIES = {
  'device.*': 'What a device reports: `device.running`, `device.error` and what its agent tells',
  'device.*-asked': 'A device was asked to start, stop, restart, suspend or try again',
  'editor.*': "What was done in an editor besides deploying, in Node-RED's words: `editor.nodes.install`",
  'instance.*-asked': 'An instance was asked to start, stop, restart or suspend',
} as const;

export type AuditEventName =
  | keyof typeof AUDIT_EVENTS
  | `device.${string}`
  | `editor.${string}`
  | `instance.${string}-asked`;

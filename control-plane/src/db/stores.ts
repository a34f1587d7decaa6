import type { Knex } from 'knex';
import { ScopeStore } from '../access/scope-store.ts';
import { ApplicationStore } from '../features/applications/store.ts';
import { TransferStore } from '../features/applications/transfer-store.ts';
import { AuditStore } from '../features/audit/store.ts';
import { DeliveryStateStore } from '../features/audit-streams/delivery-state-store.ts';
import { AuditStreamStore } from '../features/audit-streams/store.ts';
import { BlueprintStore } from '../features/blueprints/store.ts';
import { CrashStore } from '../features/crashes/store.ts';
import { DeviceGroupStore } from '../features/device-groups/store.ts';
import { DeviceSpoolStore } from '../features/devices/spool-store.ts';
import { DeviceStore } from '../features/devices/store.ts';
import { WantedSnapshotStore } from '../features/devices/wanted-snapshot-store.ts';
import { DeviceWatchStore } from '../features/devices/watch-store.ts';
import { HttpTokenStore } from '../features/http-tokens/store.ts';
import { InstanceChangeStore } from '../features/instance-changes/store.ts';
import { InstanceTypeStore } from '../features/instance-types/store.ts';
import { InstanceStore } from '../features/instances/store.ts';
import { InvitationStore } from '../features/invitations/store.ts';
import { DEVICE_METRICS, INSTANCE_METRICS, MetricsStore } from '../features/metrics/store.ts';
import { DeliveryStore } from '../features/notifications/delivery-store.ts';
import { NotificationStore } from '../features/notifications/notification-store.ts';
import { WebhookStore } from '../features/notifications/webhook-store.ts';
import { NodeRedSignInStore } from '../features/oauth/node-red-sign-in-store.ts';
import { OAuthStore } from '../features/oauth/store.ts';
import { DeploymentStore } from '../features/pipelines/deployment-store.ts';
import { DeploymentTargetStore } from '../features/pipelines/deployment-target-store.ts';
import { PipelineStore } from '../features/pipelines/store.ts';
import { StageTriggerStore } from '../features/pipelines/trigger-store.ts';
import { PlatformSettingsStore } from '../features/platform/store.ts';
import { ProvisioningStore } from '../features/provisioning/store.ts';
import { RecycleBinStore } from '../features/recycle-bin/store.ts';
import { DeviceIdentityStore } from '../features/registration/identity-store.ts';
import { RegistrationStore } from '../features/registration/registration-store.ts';
import { FlowNodeStore } from '../features/search/flow-node-store.ts';
import { SearchStore } from '../features/search/search-store.ts';
import { SingleSignOnStore } from '../features/single-sign-on/store.ts';
import { BlobStore } from '../features/snapshots/blob-store.ts';
import type { MendPart } from '../features/snapshots/lost-part.ts';
import { PartCheckStore } from '../features/snapshots/part-check-store.ts';
import { PartCleanupStore } from '../features/snapshots/part-cleanup-store.ts';
import { PartUseStore } from '../features/snapshots/part-use-store.ts';
import { ScheduleStore } from '../features/snapshots/schedule-store.ts';
import { SnapshotStore } from '../features/snapshots/store.ts';
import { CatalogueStore } from '../features/stacks/store.ts';
import { TeamTypeStore } from '../features/team-types/store.ts';
import { TeamStore } from '../features/teams/store.ts';
import { TemplateStore } from '../features/templates/store.ts';
import { TimelineStore } from '../features/timeline/store.ts';
import { UsageStore } from '../features/usage/usage-store.ts';
import { PasskeyStore } from '../features/users/passkey-store.ts';
import { PasswordResetStore } from '../features/users/password-reset-store.ts';
import { SecondFactorStore } from '../features/users/second-factor-store.ts';
import { SessionStore } from '../features/users/session-store.ts';
import { UserStore } from '../features/users/store.ts';
import { VariableStore } from '../features/variables/store.ts';
import { IdempotencyStore } from '../http/idempotency-store.ts';
import { LinkAddressStore } from '../relay/links/address-store.ts';

/**
 * All stores on one connection or transaction.
 * @param mendPart what is asked before a part of a snapshot counts as lost
 */
export function createStores(knex: Knex, mendPart?: MendPart) {
  return {
    users: new UserStore(knex),
    sessions: new SessionStore(knex),
    secondFactors: new SecondFactorStore(knex),
    passkeys: new PasskeyStore(knex),
    teams: new TeamStore(knex),
    invitations: new InvitationStore(knex),
    platformSettings: new PlatformSettingsStore(knex),
    passwordResets: new PasswordResetStore(knex),
    recycleBin: new RecycleBinStore(knex),
    singleSignOn: new SingleSignOnStore(knex),
    teamTypes: new TeamTypeStore(knex),
    applications: new ApplicationStore(knex),
    transfers: new TransferStore(knex),
    catalogue: new CatalogueStore(knex),
    templates: new TemplateStore(knex),
    variables: new VariableStore(knex),
    instanceTypes: new InstanceTypeStore(knex),
    httpTokens: new HttpTokenStore(knex),
    blueprints: new BlueprintStore(knex),
    instanceChanges: new InstanceChangeStore(knex),
    instances: new InstanceStore(knex),
    flowNodes: new FlowNodeStore(knex),
    search: new SearchStore(knex),
    usage: new UsageStore(knex),
    devices: new DeviceStore(knex),
    deviceGroups: new DeviceGroupStore(knex),
    snapshots: new SnapshotStore(knex),
    timeline: new TimelineStore(knex),
    blobs: new BlobStore(knex, mendPart),
    snapshotSchedules: ScheduleStore.ofInstances(knex),
    deviceSnapshotSchedules: ScheduleStore.ofDevices(knex),
    wantedSnapshots: new WantedSnapshotStore(knex),
    partCleanup: new PartCleanupStore(knex),
    partChecks: new PartCheckStore(knex),
    partUses: new PartUseStore(knex),
    pipelines: new PipelineStore(knex),
    stageTriggers: new StageTriggerStore(knex),
    deployments: new DeploymentStore(knex),
    deploymentTargets: new DeploymentTargetStore(knex),
    deviceIdentities: new DeviceIdentityStore(knex),
    registrations: new RegistrationStore(knex),
    nodeRedSignIns: new NodeRedSignInStore(knex),
    provisioning: new ProvisioningStore(knex),
    crashes: new CrashStore(knex),
    deviceWatch: new DeviceWatchStore(knex),
    deliveries: new DeliveryStore(knex),
    metrics: new MetricsStore(knex, INSTANCE_METRICS),
    deviceMetrics: new MetricsStore(knex, DEVICE_METRICS),
    deviceSpools: new DeviceSpoolStore(knex),
    notifications: new NotificationStore(knex),
    webhooks: new WebhookStore(knex),
    oauth: new OAuthStore(knex, 'instance'),
    deviceOauth: new OAuthStore(knex, 'device'),
    audit: new AuditStore(knex),
    auditStreams: new AuditStreamStore(knex),
    auditStreamStates: new DeliveryStateStore(knex),
    scopes: new ScopeStore(knex),
    idempotency: new IdempotencyStore(knex),
    linkAddresses: new LinkAddressStore(knex),
  };
}
export type Stores = ReturnType<typeof createStores>;

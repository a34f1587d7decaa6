import { Access } from '../access/authorize.ts';
import { readBundledNodeRedVersion } from '../drivers/local/stacks.ts';
import { ApplicationService } from '../features/applications/service.ts';
import { TransferService } from '../features/applications/transfer-service.ts';
import { AuditService } from '../features/audit/service.ts';
import { BlueprintAccess } from '../features/blueprints/blueprint-access.ts';
import { BlueprintService } from '../features/blueprints/service.ts';
import { BlueprintUpdateService } from '../features/blueprints/update-service.ts';
import { DeviceGroupService } from '../features/device-groups/service.ts';
import { AgentService } from '../features/devices/agent-service.ts';
import { AutomaticSnapshots } from '../features/devices/automatic-snapshots.ts';
import { BulkService } from '../features/devices/bulk-service.ts';
import { DeviceEditors } from '../features/devices/device-editors.ts';
import { DeviceTargets } from '../features/devices/device-targets.ts';
import { DeviceModeService } from '../features/devices/mode-service.ts';
import { SCHEDULED_DEVICES } from '../features/devices/scheduled-devices.ts';
import { DeviceService } from '../features/devices/service.ts';
import { DeviceSnapshotService } from '../features/devices/snapshot-service.ts';
import { HttpTokenService } from '../features/http-tokens/service.ts';
import { InstanceChangeRunner } from '../features/instance-changes/runner.ts';
import { InstanceChangeService } from '../features/instance-changes/service.ts';
import { StackInstances } from '../features/instance-changes/stack-instances.ts';
import { TrialService } from '../features/instance-changes/trials.ts';
import { FlowsService } from '../features/instances/flows-service.ts';
import { InstanceService } from '../features/instances/service.ts';
import { InvitationService } from '../features/invitations/service.ts';
import { NodeRedSignInService } from '../features/oauth/node-red-sign-in-service.ts';
import { OAuthService } from '../features/oauth/service.ts';
import { DeploymentActions } from '../features/pipelines/deployment-actions.ts';
import { DeploymentApproval } from '../features/pipelines/deployment-approval.ts';
import { DeploymentLease } from '../features/pipelines/deployment-lease.ts';
import { DeploymentRunner } from '../features/pipelines/deployment-runner.ts';
import { DeploymentService } from '../features/pipelines/deployment-service.ts';
import { DeploymentTargets } from '../features/pipelines/deployment-targets.ts';
import { DryRunService } from '../features/pipelines/dry-run.ts';
import { FirstStep } from '../features/pipelines/first-step.ts';
import { PushGate } from '../features/pipelines/push-gate.ts';
import { PushedSnapshots } from '../features/pipelines/pushed-snapshots.ts';
import { PipelineService } from '../features/pipelines/service.ts';
import { StageRights } from '../features/pipelines/stage-rights.ts';
import { StageService } from '../features/pipelines/stage-service.ts';
import { TargetFactsReader } from '../features/pipelines/target-facts.ts';
import { TriggerPuller } from '../features/pipelines/trigger-puller.ts';
import { TriggerService } from '../features/pipelines/trigger-service.ts';
import { PlatformService } from '../features/platform/service.ts';
import { ProvisioningService } from '../features/provisioning/service.ts';
import { RecycleBinService } from '../features/recycle-bin/service.ts';
import { DeviceIdentityService } from '../features/registration/identity-service.ts';
import { MachineImport } from '../features/registration/machine-import.ts';
import { RegistrationService } from '../features/registration/service.ts';
import { IndexFiller } from '../features/search/fill-index.ts';
import { SearchService } from '../features/search/service.ts';
import { DeviceSettingsService } from '../features/settings/device-service.ts';
import { PageAccess } from '../features/settings/page-access.ts';
import { SettingsService } from '../features/settings/service.ts';
import { Provider } from '../features/single-sign-on/provider.ts';
import { SingleSignOnService } from '../features/single-sign-on/service.ts';
import { SnapshotApplier } from '../features/snapshots/applier.ts';
import { CompareService } from '../features/snapshots/compare-service.ts';
import { SnapshotFileService } from '../features/snapshots/file-service.ts';
import { PartCleanup } from '../features/snapshots/part-cleanup.ts';
import { scheduledInstances } from '../features/snapshots/scheduled-instances.ts';
import { SnapshotScheduler } from '../features/snapshots/scheduler.ts';
import { SnapshotService } from '../features/snapshots/service.ts';
import { TargetService } from '../features/snapshots/target-service.ts';
import { TeamTypeService } from '../features/team-types/service.ts';
import { TeamService } from '../features/teams/service.ts';
import { TemplateService } from '../features/templates/service.ts';
import { UsageMeter } from '../features/usage/meter.ts';
import { UsageService } from '../features/usage/service.ts';
import { AccessTokenService } from '../features/users/access-token-service.ts';
import { PasskeyService } from '../features/users/passkey-service.ts';
import { PasswordResetService } from '../features/users/password-reset-service.ts';
import { SecondFactorService } from '../features/users/second-factor-service.ts';
import { UserService } from '../features/users/service.ts';
import { UserAdministration } from '../features/users/user-administration.ts';
import { VariableService } from '../features/variables/service.ts';
import { Authenticator } from '../http/authenticate.ts';
import { Idempotency } from '../http/idempotency.ts';
import { CALLBACK_PATH } from '../proxy/editor-sign-in.ts';
import { Passwords } from '../secrets/passwords.ts';
import type { Foundation } from './foundation.ts';
import type { Hosting } from './hosting.ts';
import type { Outside } from './outside.ts';

export function composeFeatures(
  { config, db, changes, vault, listeners, logger }: Foundation,
  { notifications, watch, hosts, mailer }: Outside,
  { urlOf, driverHost, driver, stacks }: Hosting,
) {
  const access = new Access(db.stores.scopes, changes);
  const passwords = new Passwords();
  const secondFactor = new SecondFactorService({ db, vault, passwords });
  const users = new UserService({ db, passwords, changes, secondFactor });
  const accessTokens = new AccessTokenService({ db, changes });
  const administration = new UserAdministration({ db, passwords, changes });
  const publicUrl = () => listeners.publicUrl();
  const passwordResets = new PasswordResetService({ db, changes, passwords, mailer, publicUrl, logger });
  const platform = new PlatformService({ db });
  const singleSignOn =
    config.singleSignOn === null
      ? null
      : {
          provider: new Provider(config.singleSignOn),
          service: new SingleSignOnService({ db, changes, users, settings: config.singleSignOn }),
        };
  const teams = new TeamService({ db, changes });
  const invitations = new InvitationService({
    db,
    changes,
    users,
    publicUrl,
    mailer,
    notifications,
  });
  const teamTypes = new TeamTypeService({ db });
  const applications = new ApplicationService({ db, changes });
  const instances = new InstanceService({
    db,
    changes,
    vault,
    urlOf,
    readLockFile: (id) => driver.readLockFile(id),
    figuresOf: (id) => driverHost.figuresOf(id),
    flowOf: (id) => driverHost.flowOf(id),
  });
  const settings = new SettingsService({ db, changes, vault, passwords });
  const targets = new TargetService({ db, changes });
  const deviceSettings = new DeviceSettingsService({ db, targets });
  const variables = new VariableService({ db, vault, targets });
  const templates = new TemplateService({ db, changes, vault, passwords });
  const httpTokens = new HttpTokenService({ db });
  const readLockFile = (id: string) => driver.readLockFile(id);
  const applier = new SnapshotApplier({ db, changes, vault, readLockFile });
  const snapshots = new SnapshotService({ db, vault, applier, readLockFile });
  const flows = new FlowsService({ db, changes, vault, snapshots });
  const blueprintAccess = new BlueprintAccess({ db, access });
  const devices = new DeviceService({ db, vault, targets, publicUrl });
  const editors = new DeviceEditors(changes);
  const modes = new DeviceModeService({ db, targets, logger });
  const agents = new AgentService({ db, notifications, watch, hosts, editors, urlOf });
  const deviceTargets = new DeviceTargets({ db, vault, applier, nodeRed: readBundledNodeRedVersion() });
  const bulkDevices = new BulkService({ db, vault, targets, access });
  const groups = new DeviceGroupService({ db, targets });
  const provisioning = new ProvisioningService({ db, devices });
  const identities = new DeviceIdentityService({ db, vault, notifications, publicUrl });
  const machineImport = new MachineImport({ db, vault, targets, nodeRed: readBundledNodeRedVersion() });
  const registrations = new RegistrationService({ db, vault, access, devices, identities, publicUrl });
  const nodeRedSignIns = new NodeRedSignInService({ db, vault, accessTokens, publicUrl });
  const pipelines = new PipelineService({ db });
  const stages = new StageService({ db, access });
  const stageRights = new StageRights({ db, access });
  const rollout = new DeploymentTargets({ snapshots, applier, targets });
  const deviceSnapshots = new DeviceSnapshotService({ db, vault });
  const pushGate = new PushGate({ db, vault, deviceSnapshots, rights: stageRights });
  const dryRuns = new DryRunService({ db, vault, deviceSnapshots, rights: stageRights });
  const facts = new TargetFactsReader(db.stores, (id) => driverHost.reportOf(id));
  const lease = new DeploymentLease();
  const runner = new DeploymentRunner({ db, changes, targets: rollout, notifications, facts, lease, logger });
  const firstStep = new FirstStep({ facts, targets: rollout, notifications, lease });
  const carryOn = (id: string) => runner.advance(id);
  const pushed = new PushedSnapshots({ db, snapshots, deviceSnapshots });
  const deployments = new DeploymentService({ db, pushed, notifications, firstStep, runner });
  const triggerPuller = new TriggerPuller({ db, gate: pushGate, deployments, logger });
  const triggers = new TriggerService({ db, rights: stageRights, puller: triggerPuller });
  const deploymentApproval = new DeploymentApproval({
    db,
    rights: stageRights,
    notifications,
    advance: carryOn,
  });
  const deploymentActions = new DeploymentActions({ db, targets: rollout, advance: carryOn });
  const changeRunner = new InstanceChangeRunner({
    db,
    changes,
    snapshots,
    notifications,
    locateStack: (id) => stacks.locate(id),
    reportOf: (id) => driverHost.reportOf(id),
    readLog: (id, lines) => driver.readLog(id, lines),
    healthMs: config.healthSeconds * 1000,
    logger,
  });
  const advance = (id: string) => changeRunner.advance(id);
  const instanceChanges = new InstanceChangeService({ db, advance });
  const stackInstances = new StackInstances({ db, access, instanceChanges });
  const trials = new TrialService({ db, instances, advance, logger });
  const redirectUriOf = (name: string) => urlOf(name) + CALLBACK_PATH;
  const oauthParts = { db, vault, access, changes, redirectUriOf };
  const oauth = new OAuthService({ ...oauthParts, kind: 'instance' });
  const deviceOauth = new OAuthService({ ...oauthParts, kind: 'device' });
  const pages = new PageAccess({ db, changes, passwords, httpTokens, oauth, deviceOauth });
  const audit = new AuditService({ db, key: vault.auditKey });
  return {
    access,
    audit,
    secondFactor,
    passkeys: new PasskeyService({ db, passwords, publicUrl }),
    accessTokens,
    administration,
    users,
    teams,
    invitations,
    recycleBin: new RecycleBinService({ db, changes, logger }),
    passwordResets,
    singleSignOn,
    singleSignOnName: config.singleSignOn?.name ?? null,
    vault,
    publicUrl,
    logger,
    platform,
    teamTypes,
    usage: new UsageService({ db }),
    usageMeter: new UsageMeter({ db, logger, stateOf: (id) => driverHost.reportOf(id)?.state }),
    search: new SearchService({ db, access, urlOf }),
    indexFiller: new IndexFiller({ db, logger }),
    applications,
    transfers: new TransferService({ db, access, changes }),
    instances,
    settings,
    deviceSettings,
    variables,
    templates,
    httpTokens,
    pages,
    flows,
    snapshots,
    snapshotFiles: new SnapshotFileService({ db, vault, nodeRed: readBundledNodeRedVersion() }),
    comparisons: new CompareService({ db, vault, access, readLockFile }),
    partCleanup: new PartCleanup({ db, logger }),
    snapshotScheduler: new SnapshotScheduler({
      db,
      scheduled: [scheduledInstances(snapshots), SCHEDULED_DEVICES],
      logger,
    }),
    automaticSnapshots: new AutomaticSnapshots({ db, deviceSnapshots, logger }),
    blueprints: new BlueprintService({ db, blueprintAccess }),
    blueprintUpdates: new BlueprintUpdateService({ db, vault, snapshots, applier, blueprintAccess }),
    targets,
    devices,
    bulkDevices,
    agents,
    deviceTargets,
    deviceSnapshots,
    editors,
    modes,
    groups,
    provisioning,
    identities,
    machineImport,
    registrations,
    nodeRedSignIns,
    pipelines,
    stages,
    stageRights,
    pushGate,
    dryRuns,
    runner,
    deployments,
    deploymentActions,
    deploymentApproval,
    triggers,
    triggerPuller,
    stores: db.stores,
    changeRunner,
    instanceChanges,
    stackInstances,
    trials,
    oauth,
    deviceOauth,
    redirectUriOf,
    authenticator: new Authenticator(db.stores, vault, changes),
    idempotency: new Idempotency(db.stores, vault),
  };
}

export type Features = ReturnType<typeof composeFeatures>;

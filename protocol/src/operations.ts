import * as applications from './api/applications.ts';
import * as audit from './api/audit.ts';
import * as auditStreams from './api/audit-streams.ts';
import * as blueprints from './api/blueprints.ts';
import * as catalogue from './api/catalogue.ts';
import * as compare from './api/compare.ts';
import * as crashes from './api/crashes.ts';
import * as deployments from './api/deployments.ts';
import * as deviceConfiguration from './api/device-configuration.ts';
import * as deviceGroups from './api/device-groups.ts';
import * as deviceOperations from './api/device-operations.ts';
import * as devices from './api/devices.ts';
import * as dryRun from './api/dry-run.ts';
import * as httpTokens from './api/http-tokens.ts';
import * as instanceChanges from './api/instance-changes.ts';
import * as instanceTypes from './api/instance-types.ts';
import * as instances from './api/instances.ts';
import * as invitations from './api/invitations.ts';
import * as metrics from './api/metrics.ts';
import * as nodeCounts from './api/node-counts.ts';
import * as nodeRedSignIn from './api/node-red-sign-in.ts';
import * as notifications from './api/notifications.ts';
import * as oauth from './api/oauth.ts';
import * as passkeys from './api/passkeys.ts';
import * as pipelines from './api/pipelines.ts';
import * as platform from './api/platform.ts';
import * as provisioning from './api/provisioning.ts';
import * as recycleBin from './api/recycle-bin.ts';
import * as registration from './api/registration.ts';
import * as search from './api/search.ts';
import * as secondFactor from './api/second-factor.ts';
import * as session from './api/session.ts';
import * as settings from './api/settings.ts';
import * as singleSignOn from './api/single-sign-on.ts';
import * as snapshotFiles from './api/snapshot-files.ts';
import * as snapshots from './api/snapshots.ts';
import * as stageTriggers from './api/stage-triggers.ts';
import * as teamTypes from './api/team-types.ts';
import * as teams from './api/teams.ts';
import * as templates from './api/templates.ts';
import * as timeline from './api/timeline.ts';
import * as transfer from './api/transfer.ts';
import * as usageReport from './api/usage-report.ts';
import * as variables from './api/variables.ts';
import type { Operation } from './operation.ts';

const TAGS: Record<string, object> = {
  people: { ...session, ...secondFactor, ...passkeys, ...platform, ...singleSignOn },
  teams: { ...teamTypes, ...teams, ...invitations, ...recycleBin, ...search, ...usageReport },
  applications: { ...applications, ...transfer },
  instances: { ...instances, ...instanceChanges, ...settings, ...variables, ...httpTokens, ...crashes },
  snapshots: { ...snapshots, ...compare, ...snapshotFiles, ...timeline },
  devices: { ...devices, ...deviceGroups, ...deviceConfiguration, ...deviceOperations, ...registration },
  pipelines: { ...pipelines, ...deployments, ...dryRun, ...stageTriggers },
  provisioning,
  metrics,
  nodeCounts,
  notifications,
  blueprints,
  catalogue: { ...instanceTypes, ...catalogue, ...templates },
  oauth: { ...oauth, ...nodeRedSignIn },
  audit,
  auditStreams,
};

function isOperation(value: unknown): value is Operation {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'id' in value;
}

/** Every operation of the HTTP API with the concept it belongs to. */
export const OPERATIONS: ReadonlyArray<{ tag: string; operation: Operation }> = Object.entries(TAGS).flatMap(
  ([tag, module]) =>
    Object.values(module)
      .filter(isOperation)
      .map((operation) => ({ tag, operation })),
);

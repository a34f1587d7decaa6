import type { Parts } from './compose.ts';
import type { Stores } from './db/stores.ts';
import { applicationRoutes } from './features/applications/routes.ts';
import { auditRoutes } from './features/audit/routes.ts';
import { auditStreamRoutes } from './features/audit-streams/routes.ts';
import { blueprintRoutes } from './features/blueprints/routes.ts';
import { crashRoutes } from './features/crashes/routes.ts';
import { deviceGroupRoutes } from './features/device-groups/routes.ts';
import { deviceRoutes } from './features/devices/routes.ts';
import { httpTokenRoutes } from './features/http-tokens/routes.ts';
import { instanceChangeRoutes } from './features/instance-changes/routes.ts';
import { instanceTypeRoutes } from './features/instance-types/routes.ts';
import { instanceRoutes } from './features/instances/routes.ts';
import { invitationRoutes } from './features/invitations/routes.ts';
import { metricsRoutes } from './features/metrics/routes.ts';
import { notificationRoutes } from './features/notifications/routes.ts';
import { nodeRedSignInRoutes } from './features/oauth/node-red-sign-in-routes.ts';
import { oauthRoutes } from './features/oauth/routes.ts';
import { pipelineRoutes } from './features/pipelines/routes.ts';
import { platformRoutes } from './features/platform/routes.ts';
import { provisioningRoutes } from './features/provisioning/routes.ts';
import { recycleBinRoutes } from './features/recycle-bin/routes.ts';
import { registrationRoutes } from './features/registration/routes.ts';
import { searchRoutes } from './features/search/routes.ts';
import { settingsRoutes } from './features/settings/routes.ts';
import { singleSignOnRoutes } from './features/single-sign-on/routes.ts';
import { compareRoutes } from './features/snapshots/compare-routes.ts';
import { snapshotFileRoutes } from './features/snapshots/file-routes.ts';
import { snapshotRoutes } from './features/snapshots/routes.ts';
import { catalogueRoutes } from './features/stacks/routes.ts';
import { inFeature } from './features/team-types/features.ts';
import { teamTypeRoutes } from './features/team-types/routes.ts';
import { teamRoutes } from './features/teams/routes.ts';
import { templateRoutes } from './features/templates/routes.ts';
import { timelineRoutes } from './features/timeline/routes.ts';
import { usageRoutes } from './features/usage/routes.ts';
import { passkeyRoutes } from './features/users/passkey-routes.ts';
import { userRoutes } from './features/users/routes.ts';
import { secondFactorRoutes } from './features/users/second-factor-routes.ts';
import { SessionGiver } from './features/users/session-giver.ts';
import { variableRoutes } from './features/variables/routes.ts';
import type { Route } from './http/route.ts';
import { SignInLimit } from './http/sign-in-limit.ts';

/** Every route of the API. */
export function createRoutes(parts: Parts, stores: Stores, secureCookies: () => boolean): Route[] {
  const sessionGiver = new SessionGiver(parts.users, secureCookies);
  const signInLimit = new SignInLimit();
  return [
    ...userRoutes({ ...parts, signInLimit, sessionGiver }),
    ...passkeyRoutes({ ...parts, signInLimit, sessionGiver }),
    ...invitationRoutes({ ...parts, sessionGiver }),
    ...platformRoutes({ ...parts, sessionGiver }),
    ...singleSignOnRoutes({ ...parts, sessionGiver }),
    ...secondFactorRoutes(parts.secondFactor),
    ...teamTypeRoutes(parts.teamTypes),
    ...recycleBinRoutes(parts.recycleBin),
    ...teamRoutes({ ...parts, stores }),
    ...searchRoutes(parts),
    ...usageRoutes(parts),
    ...applicationRoutes(parts),
    ...catalogueRoutes(parts),
    ...instanceTypeRoutes(parts.instanceTypes),
    ...instanceRoutes(parts),
    ...instanceChangeRoutes(parts),
    ...settingsRoutes(parts),
    ...variableRoutes(parts),
    ...templateRoutes(parts),
    ...inFeature('http-tokens', httpTokenRoutes(parts)),
    ...crashRoutes({ stores }),
    ...snapshotRoutes(parts),
    ...compareRoutes(parts),
    ...snapshotFileRoutes(parts),
    ...timelineRoutes({ stores }),
    ...inFeature('blueprints', blueprintRoutes(parts)),
    ...inFeature('devices', [
      ...deviceRoutes(parts),
      ...deviceGroupRoutes(parts),
      ...provisioningRoutes(parts),
      ...registrationRoutes({ ...parts, signInLimit }),
    ]),
    ...inFeature('pipelines', pipelineRoutes(parts)),
    ...metricsRoutes(parts),
    ...notificationRoutes(parts),
    ...oauthRoutes({ ...parts, isDevice: async (id) => (await stores.devices.find(id)) !== null }),
    ...nodeRedSignInRoutes(parts),
    ...auditRoutes(parts),
    ...auditStreamRoutes(parts),
  ];
}

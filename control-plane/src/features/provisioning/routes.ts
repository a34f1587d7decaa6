import {
  createProvisioningToken,
  deleteProvisioningToken,
  getAgentBlob,
  listProvisioningTokens,
  type ProvisioningTokenView,
  registerDevice,
  sendAgentSnapshot,
} from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { unauthenticated } from '../../errors.ts';
import { type Authenticator, addressOf, bearerOf } from '../../http/authenticate.ts';
import { AGENT, may, type Route, route } from '../../http/route.ts';
import type { DeviceTargets } from '../devices/device-targets.ts';
import type { DeviceSnapshotService } from '../devices/snapshot-service.ts';
import { reference } from '../instances/presenter.ts';
import type { ProvisioningService } from './service.ts';
import type { ProvisioningTokenRow } from './store.ts';

interface Parts {
  provisioning: ProvisioningService;
  deviceTargets: DeviceTargets;
  authenticator: Authenticator;
  deviceSnapshots: DeviceSnapshotService;
}

function presentToken(row: ProvisioningTokenRow): ProvisioningTokenView {
  return {
    id: row.id,
    name: row.name,
    application: reference(row.applicationId, row.applicationName),
    instance: reference(row.instanceId, row.instanceName),
    deviceGroup: reference(row.deviceGroupId, row.deviceGroupName),
    expiresAt: row.expiresAt,
    uses: row.uses,
    namePattern: row.namePattern,
    networks: JSON.parse(row.networks),
    used: row.used,
    createdAt: row.createdAt,
  };
}

export function provisioningRoutes({
  provisioning,
  deviceTargets,
  authenticator,
  deviceSnapshots,
}: Parts): Route[] {
  return [
    route(listProvisioningTokens, may('provisioning:read', 'team'), async ({ params, query }) =>
      mapPage(await provisioning.list(params.id, query), presentToken),
    ),
    route(createProvisioningToken, may('provisioning:edit', 'team'), ({ actor, params, body }) =>
      provisioning.create(actor, params.id, body),
    ),
    route(deleteProvisioningToken, may('provisioning:edit', 'team'), ({ actor, params }) =>
      provisioning.delete(actor, params.id, params.tokenId),
    ),
    route(registerDevice, AGENT, ({ body, request }) =>
      provisioning.register(bearerOf(request), addressOf(request), body),
    ),
    route(sendAgentSnapshot, AGENT, async ({ body, request }) => {
      const actor = await authenticator.authenticate(request);
      if (actor?.kind !== 'device') {
        throw unauthenticated('Only devices send what they run, with their own token.');
      }
      return deviceSnapshots.receive(actor.deviceId, body);
    }),
    route(getAgentBlob, AGENT, async ({ params, request, response }) => {
      const actor = await authenticator.authenticate(request);
      if (actor?.kind !== 'device') {
        throw unauthenticated('Only devices read the parts of their target, with their own token.');
      }
      response
        .type('application/octet-stream')
        .send(await deviceTargets.readBlob(actor.deviceId, params.digest));
    }),
  ];
}

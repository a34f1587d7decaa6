import { isStillSignedIn } from '../access/still-signed-in.ts';
import { DeviceLogService } from '../features/devices/log-service.ts';
import { ProxyClient } from '../features/oauth/proxy-client.ts';
import { PartCheck } from '../features/snapshots/part-check.ts';
import { placesOfCopies } from '../features/snapshots/part-copies.ts';
import { PartRepair } from '../features/snapshots/part-repair.ts';
import { createProxy } from '../proxy/proxy.ts';
import { AgentHub } from '../relay/agent-hub.ts';
import { LinkAddressBook } from '../relay/links/address-book.ts';
import { LinkHub } from '../relay/links/link-hub.ts';
import { LiveHub } from '../relay/live-hub.ts';
import { TunnelHub } from '../relay/tunnel-hub.ts';
import { LiveViews } from '../relay/views.ts';
import type { Features } from './features.ts';
import type { Foundation } from './foundation.ts';
import type { Hosting } from './hosting.ts';
import type { Outside } from './outside.ts';

export function composeRelay(
  { db, changes, vault, listeners, logger, config }: Foundation,
  { notifications }: Outside,
  hosting: Hosting,
  features: Features,
) {
  const { access, agents, instances, pipelines, oauth, deviceOauth, redirectUriOf } = features;
  const { driver, driverHost, counter } = hosting;
  const agentHub = new AgentHub({
    agents,
    targets: features.deviceTargets,
    identities: features.identities,
    changes,
    logger,
  });
  const tunnelHub = new TunnelHub({
    stores: db.stores,
    changes,
    agentHub,
    editors: features.editors,
    logger,
  });
  const { deviceSnapshots } = features;
  deviceSnapshots.connect(agentHub);
  const partRepair = new PartRepair({
    db,
    places: placesOfCopies({
      db,
      vault,
      readFlows: (id) => driver.readFlows(id),
      readLockFile: (id) => driver.readLockFile(id),
      askDevice: (id) => deviceSnapshots.read(id),
    }),
    notifications,
    logger,
  });
  db.mendPartsBy((digest) => partRepair.mend(digest));
  const partCheck = new PartCheck({ db, repair: partRepair, logger });
  const deviceLogs = new DeviceLogService(agentHub);
  const liveHub = new LiveHub({
    changes,
    access,
    isSignedIn: (actor) => isStillSignedIn(db.stores, actor),
    views: new LiveViews({ stores: db.stores, instances, agents, pipelines, notifications, access }),
    watchInstanceLog: (id, onLines) => driver.watchLog(id, onLines),
    watchNodeCounts: (id, onCounts) => counter.watch(id, onCounts),
    watchDeviceLog: (id, onLines) => agentHub.logs.watch(id, onLines),
    logger,
  });
  const linkHub = new LinkHub({
    book: new LinkAddressBook({ access, store: db.stores.linkAddresses }),
    changes,
    logger,
  });
  const proxy = createProxy({
    domain: () => new URL(listeners.publicUrl()).hostname,
    pages: features.pages,
    signIn: new ProxyClient({
      db,
      changes,
      oauthOf: ({ kind }) => (kind === 'instance' ? oauth : deviceOauth),
      publicUrl: () => listeners.publicUrl(),
      redirectUriOf,
      logger,
    }),
    driver,
    devices: tunnelHub,
    stateOf: (id) => driverHost.stateOf(id),
    pageUrl: () => listeners.publicUrl(),
    isTrustedProxy: (address) => config.trustedProxies.includes(address),
    logger,
  });
  return { agentHub, tunnelHub, partRepair, partCheck, deviceLogs, liveHub, linkHub, proxy };
}

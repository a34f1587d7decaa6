import { join } from 'node:path';
import type { NodeAPI } from 'node-red';
import { LiveRelays } from './live-relay';
import { addOwnSnapshotRoute } from './own-snapshot';
import { addRoutes } from './routes';
import { addSignInRoutes } from './sign-in/sign-in-routes';
import { SignIns } from './sign-in/sign-ins';

/** What may stand as `flowyard` in the settings of a Node-RED that Flowyard does not run. */
interface OwnSettings {
  url?: unknown;
}

function usualUrl(RED: NodeAPI): string | null {
  const { url } = ((RED.settings as { flowyard?: OwnSettings }).flowyard ?? {}) as OwnSettings;
  return typeof url === 'string' ? url : null;
}

/** Node-RED calls this when it loads the plugin; in a warm process that is before it belongs to anybody. */
export default function register(RED: NodeAPI): void {
  RED.plugins.registerPlugin('flowyard-sidebar', {
    type: 'flowyard',
    onadd() {
      try {
        const relays = new LiveRelays((topic, value) => RED.comms.publish(topic, value, false));
        const folder = join(RED.settings.userDir ?? process.cwd(), '.flowyard');
        const parts = { relays, signIns: new SignIns({ folder, url: usualUrl(RED) }) };
        addRoutes(RED, parts);
        addSignInRoutes(RED, parts);
        addOwnSnapshotRoute(RED, parts);
      } catch (error) {
        // Node-RED keeps the error of a plugin to itself.
        RED.log.error(`Flowyard's sidebar could not be started: ${(error as Error).message}`);
      }
    },
  });
}

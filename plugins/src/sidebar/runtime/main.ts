import type { NodeAPI } from 'node-red';
import { LiveRelays } from './live-relay';
import { addRoutes } from './routes';

/** Node-RED calls this when it loads the plugin; in a warm process that is before it belongs to anybody. */
export default function register(RED: NodeAPI): void {
  RED.plugins.registerPlugin('flowyard-sidebar', {
    type: 'flowyard',
    onadd() {
      try {
        const relays = new LiveRelays((topic, value) => RED.comms.publish(topic, value, false));
        addRoutes(RED, relays);
      } catch (error) {
        // Node-RED keeps the error of a plugin to itself.
        RED.log.error(`Flowyard's sidebar could not be started: ${(error as Error).message}`);
      }
    },
  });
}

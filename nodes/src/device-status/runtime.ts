import type { Node, NodeAPI, NodeDef, NodeStatus } from 'node-red';
import { readPlatform } from '../shared/platform';
import type { DeviceFilter } from './behaviour';
import { DeviceWatch, type WatchOptions } from './watch';

interface DeviceStatusDef extends NodeDef {
  scope: DeviceFilter['scope'];
  subject: string;
  statuses: string[];
  initial: boolean;
}

type State = Parameters<WatchOptions['onState']>[0];

function statusOf(state: State, devices: number): NodeStatus {
  switch (state) {
    case 'connecting':
      return { fill: 'yellow', shape: 'ring', text: 'node-red:common.status.connecting' };
    case 'lost':
      return { fill: 'red', shape: 'ring', text: 'node-red:common.status.disconnected' };
    case 'refused':
      return { fill: 'red', shape: 'dot', text: 'node-red:common.status.error' };
    case 'watching':
      return { fill: 'green', shape: 'dot', text: String(devices) };
  }
}

export default function register(RED: NodeAPI): void {
  function DeviceStatusNode(this: Node, def: DeviceStatusDef): void {
    RED.nodes.createNode(this, def);
    const platform = readPlatform();
    if (platform === null || (platform.instanceId ?? platform.deviceId ?? platform.applicationId) === null) {
      this.status({ fill: 'grey', shape: 'ring', text: 'flowyard-device-status.status.outside' });
      this.warn(RED._('flowyard-device-status.error.outside'));
      return;
    }
    const { scope, subject, statuses = [], initial } = def;
    const watch = new DeviceWatch({
      platform,
      filter: { scope, subject, statuses },
      initial,
      onMessage: (message) => this.send({ ...message }),
      onState: (state, devices, problem) => {
        this.status(statusOf(state, devices));
        if (state === 'refused' && problem !== null) {
          this.error(problem);
        }
      },
    });
    this.on('close', (done: () => void) => {
      void watch.close().finally(done);
    });
  }
  RED.nodes.registerType('flowyard-device-status', DeviceStatusNode);
}

// Runs one Node-RED, as the control plane or an agent does, until it is killed. Prints each status as a line.
import { LinkHub, NodeRedSupervisor } from '@flowyard/launcher';
import { configurationOf, TOKEN } from './supervised.ts';

const [folder = '', socketPath = '', adoptMs = '10000'] = process.argv.slice(2);
const hub = new LinkHub();
const link = await hub.listen(socketPath);
const supervisor = new NodeRedSupervisor({
  hub,
  token: TOKEN,
  dataFolder: folder,
  logFile: `${folder}/node-red.log`,
  times: { adoptMs: Number(adoptMs), startMs: 60_000, stopMs: 10_000 },
  prepare: async () => ({
    nodePath: process.execPath,
    memoryMb: 256,
    configuration: configurationOf(folder, link.url),
  }),
  onStatus: (status) => process.stdout.write(`${JSON.stringify(status)}\n`),
});
supervisor.start();
process.on('SIGTERM', () => {
  void supervisor.stop().then(() => process.exit(0));
});

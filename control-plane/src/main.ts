#!/usr/bin/env node
import pino from 'pino';
import { runAuditCommand } from './commands/audit.ts';
import { ConfigError, readConfig } from './config.ts';
import { ControlPlane } from './control-plane.ts';

const EXIT_BAD_CONFIGURATION = 78;

/** Starts the control plane and ends it on a signal: the first asks, the second insists. */
async function main(): Promise<void> {
  if (process.argv[2] === 'audit') {
    process.exitCode = await runAuditCommand(process.argv.slice(3), process.env);
    return;
  }
  const config = readConfig(process.argv.slice(2), process.env);
  const logger = pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
  const controlPlane = await ControlPlane.start(config, logger);
  const setupLink = await controlPlane.setupLink();
  if (setupLink !== null) {
    print(`Make the first administrator at ${setupLink}`);
  }
  print(`Flowyard is ready at ${controlPlane.url}`);

  let signals = 0;
  const onSignal = async () => {
    signals++;
    if (signals > 1) {
      process.exit(1);
    }
    await controlPlane.stop({ stopInstances: config.stopInstances });
    process.exit(0);
  };
  process.on('SIGTERM', () => void onSignal());
  process.on('SIGINT', () => void onSignal());
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_BAD_CONFIGURATION);
  }
  process.stderr.write(
    `Flowyard could not start: ${error instanceof Error ? (error.stack ?? error.message) : error}\n`,
  );
  process.exit(1);
});

import os from 'node:os';
import path from 'node:path';
import { isAgentRunning, LockedError, UnwritableError } from './agent-lock.ts';
import { type Command, HELP, parseCommandLine, UsageError } from './command-line.ts';
import { ImportError, importNodeRed } from './commands/import-node-red.ts';
import { register } from './commands/register.ts';
import { RegistrationError } from './commands/registration-error.ts';
import { installService, ServiceError, uninstallService } from './commands/service.ts';
import { describeStatus, readStatus } from './commands/status.ts';
import { DeviceFileError } from './device-file.ts';
import { describeChecks } from './doctor/check.ts';
import { examine } from './doctor/doctor.ts';
import { RunningDevice } from './running-device.ts';
import { AGENT_VERSION } from './version.ts';

/** From sysexits.h, which service managers know. */
const EXIT = {
  failed: 1,
  usage: 64,
  unavailable: 69,
  unwritable: 73,
  locked: 75,
  configuration: 78,
} as const;

const print = (text: string) => process.stdout.write(`${text}\n`);
const complain = (text: string) => process.stderr.write(`${text}\n`);

async function showStatus(folder: string, json: boolean): Promise<number> {
  const status = await readStatus(folder);
  if (status === null) {
    complain(`No agent ever ran in ${folder}.`);
    return EXIT.failed;
  }
  const isRunning = isAgentRunning(folder);
  print(json ? JSON.stringify({ ...status, isRunning }, null, 2) : describeStatus(status, isRunning));
  return 0;
}

/** The first signal ends the device in good order, a second one at once. */
async function runDevice(command: Extract<Command, { name: 'run' }>): Promise<number> {
  const device = await RunningDevice.start(command);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => resolve());
    }
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => process.exit(EXIT.failed));
  }
  await device.stop();
  return 0;
}

async function run(command: Command): Promise<number> {
  switch (command.name) {
    case 'help':
      print(HELP);
      return 0;
    case 'version':
      print(AGENT_VERSION);
      return 0;
    case 'register': {
      const { deviceName, importFrom, ...options } = command;
      const id = await register({ ...options, name: deviceName }, print);
      print(`Registered as device ${id}. Run it with: flowyard-device --dir ${command.folder}`);
      if (importFrom !== null) {
        print(await importNodeRed(command.folder, importFrom));
      }
      return 0;
    }
    case 'import':
      print(await importNodeRed(command.folder, command.from ?? path.join(os.homedir(), '.node-red')));
      return 0;
    case 'status':
      return showStatus(command.folder, command.json);
    case 'doctor': {
      const checks = await examine(command);
      print(command.json ? JSON.stringify(checks, null, 2) : describeChecks(checks));
      return checks.some(({ level }) => level === 'bad') ? EXIT.failed : 0;
    }
    case 'install-service':
      print(await installService({ ...command, environment: process.env }));
      return 0;
    case 'uninstall':
      print(await uninstallService(command.folder));
      return 0;
    case 'run':
      return runDevice(command);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) {
    return EXIT.usage;
  }
  if (error instanceof DeviceFileError) {
    return EXIT.configuration;
  }
  if (error instanceof ImportError || error instanceof ServiceError) {
    return EXIT.unavailable;
  }
  if (error instanceof LockedError) {
    return EXIT.locked;
  }
  if (error instanceof UnwritableError) {
    return EXIT.unwritable;
  }
  return error instanceof RegistrationError ? EXIT.unavailable : EXIT.failed;
}

async function main(): Promise<number> {
  try {
    return await run(parseCommandLine(process.argv.slice(2), path.join(os.homedir(), '.flowyard-device')));
  } catch (error) {
    const isExpected = exitCodeOf(error) !== EXIT.failed;
    complain(`flowyard-device: ${isExpected ? (error as Error).message : ((error as Error).stack ?? error)}`);
    if (error instanceof UsageError) {
      complain('Try flowyard-device --help.');
    }
    return exitCodeOf(error);
  }
}

process.exitCode = await main();
// A socket that is still closing must not keep an agent that has ended.
setTimeout(() => process.exit(), 1000).unref();

import { mkdirSync } from 'node:fs';
import nodeModule from 'node:module';
import { lockFolder } from '../folder-lock.ts';
import { Blame } from './blame.ts';
import { EXIT, readConfiguration } from './configuration.ts';
import { endOnFaults } from './faults.ts';
import { redirectConsole, writeLog } from './log.ts';

type CompileCache = { enableCompileCache?: (folder: string) => unknown };

async function main(): Promise<void> {
  const configuration = await readConfiguration(process.stdin);
  const { dataFolder, compileCacheFolder } = configuration;
  mkdirSync(dataFolder, { recursive: true });
  mkdirSync(configuration.folder, { recursive: true });
  process.chdir(dataFolder);
  const blame = new Blame();
  endOnFaults(dataFolder, blame);
  // Whoever finds us by our lock file may send this signal. Without a listener it would end the process.
  let reconnect = () => {};
  if (process.platform !== 'win32') {
    process.on('SIGUSR2', () => reconnect());
  }
  redirectConsole();

  if (!(await lockFolder(dataFolder, configuration.binding ? 'bound' : 'pool'))) {
    writeLog('fatal', `Another Node-RED runs on ${dataFolder}, so this one does not start.`);
    process.exit(EXIT.locked);
  }
  if (compileCacheFolder) {
    (nodeModule as CompileCache).enableCompileCache?.(compileCacheFolder);
  }

  // Loaded after the cache was turned on, so that it counts for these files, too.
  const { EmbeddedRuntime } = await import('./runtime.ts');
  const runtime = new EmbeddedRuntime(configuration, blame);
  reconnect = () => runtime.reconnect();
  process.on('SIGTERM', () => void runtime.stop());
  await runtime.start();
}

await main().catch((error: unknown) => {
  // Node-RED did not start, whatever the reason: that ends the process.
  setImmediate(() => {
    throw error;
  });
});

import type { Driver } from '../drivers/driver.ts';
import { createLocalDriver } from '../drivers/local/local-driver.ts';
import { createStackInstaller } from '../drivers/local/stacks.ts';
import { CrashRecorder } from '../features/crashes/recorder.ts';
import { InstanceTypeService } from '../features/instance-types/service.ts';
import { InstanceDriverHost } from '../features/instances/driver-host.ts';
import { instanceUrl } from '../features/instances/host-names.ts';
import { LimitAlerts } from '../features/metrics/limit-alerts.ts';
import { NodeCountService } from '../features/metrics/node-count-service.ts';
import { NodeCounter } from '../features/metrics/node-counter.ts';
import { MetricsRecorder } from '../features/metrics/recorder.ts';
import { MetricsService } from '../features/metrics/service.ts';
import { StackAdministration } from '../features/stacks/administration.ts';
import { StackService } from '../features/stacks/service.ts';
import { packageFolder } from '../package-folder.ts';
import type { Foundation } from './foundation.ts';
import type { Outside } from './outside.ts';

export function composeHosting(
  { config, logger, db, changes, vault, listeners }: Foundation,
  { notifications }: Outside,
) {
  const alerts = new LimitAlerts({ db, notifications });
  const recorder = new MetricsRecorder({ db, logger, onMinutes: (minutes) => alerts.judge(minutes) });
  const urlOf = (name: string) => instanceUrl(listeners.publicUrl(), name);
  const installer = createStackInstaller(config.dataDir);
  const stacks = new StackService({ db, changes, installer, notifications, logger });
  const stackAdministration = new StackAdministration({ db, stacks, installer });
  const counter = new NodeCounter({ ask: (id, seconds): boolean => driver.countNodes(id, seconds) });
  const driverHost: InstanceDriverHost = new InstanceDriverHost({
    db,
    changes,
    vault,
    stacks,
    notifications,
    metrics: recorder,
    counts: counter,
    crashes: new CrashRecorder({ db, changes }),
    urlOf,
    readModules: (id) => driver.readModules(id),
    readLockFile: (id) => driver.readLockFile(id),
    logger,
  });
  const driver: Driver = createLocalDriver(
    {
      dataDir: config.dataDir,
      controlUrl: () => listeners.controlUrl(),
      pluginsDir: packageFolder('@flowyard/plugins'),
      nodesDir: packageFolder('@flowyard/nodes'),
      poolSize: config.poolSize,
      cgroup: config.cgroup,
      logger,
    },
    driverHost,
  );
  changes.on('instance', ({ instanceId }) => driver.reconcile(instanceId));
  const instanceTypes = new InstanceTypeService({ db, limitsProblem: () => driver.limitsProblem() });
  const metrics = new MetricsService({ db, recorder });
  const nodeCounts = new NodeCountService({ db, counter });
  return {
    urlOf,
    stacks,
    stackAdministration,
    instanceTypes,
    recorder,
    metrics,
    counter,
    nodeCounts,
    driverHost,
    driver,
  };
}

export type Hosting = ReturnType<typeof composeHosting>;

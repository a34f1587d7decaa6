import type { LaunchPlan } from '@flowyard/launcher';
import type { InstanceTarget } from '../driver.ts';
import type { HostedInstanceContext } from './instance-context.ts';
import { bindingOf, planLaunch } from './launch.ts';
import type { ModuleInstaller } from './module-installer.ts';
import { writeNpmrc } from './palette.ts';

/** Gets an instance ready to be started: its modules, and how to start it. */
export async function prepareLaunch(
  folder: string,
  target: InstanceTarget,
  { surroundings, folders }: HostedInstanceContext,
  modules: ModuleInstaller,
  signal: AbortSignal,
): Promise<LaunchPlan> {
  await writeNpmrc(folders.path(folder), target.settings['palette.npmrc']);
  await modules.prepare(folder, target, signal);
  return planLaunch(
    {
      folder: folders.path(folder),
      stack: target.stack,
      memoryMb: target.memoryMb,
      token: target.runtimeToken,
      binding: bindingOf(target, surroundings.controlUrl()),
      leaveOut: target.leaveOut,
    },
    surroundings,
  );
}

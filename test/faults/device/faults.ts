import type { Fault } from './fault.ts';
import { CLOCK_FAULTS } from './rows/clock.ts';
import { DISK_FAULTS } from './rows/disk.ts';
import { MODULE_FAULTS } from './rows/modules.ts';
import { NETWORK_FAULTS } from './rows/network.ts';
import { PLATFORM_FAULTS } from './rows/platform.ts';
import { PROCESS_FAULTS } from './rows/process.ts';

/** Everything that goes wrong with devices, in the order of the table. */
export const DEVICE_FAULTS: Fault[] = [
  ...PROCESS_FAULTS,
  ...DISK_FAULTS,
  ...MODULE_FAULTS,
  ...NETWORK_FAULTS,
  ...PLATFORM_FAULTS,
  ...CLOCK_FAULTS,
];

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';

const NO_ADDRESS = '00:00:00:00:00:00';
/** By the second-lowest bit of the first byte: given by software, as for containers, and other each time. */
const isGivenBySoftware = (address: string) => (Number.parseInt(address.slice(0, 2), 16) & 2) !== 0;

/** What is burned into boards, where the system shows it; some of these only root may read. */
const SERIAL_FILES = [
  '/sys/class/dmi/id/product_uuid',
  '/sys/class/dmi/id/board_serial',
  '/sys/firmware/devicetree/base/serial-number',
];
/** What boards say that have no number of their own. */
const MEANINGLESS = /^(?:none|default string|to be filled.*|not specified|unknown|0+|(?:f|0|-)+)?$/i;

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').replaceAll('\0', '').trim();
  } catch {
    return '';
  }
}

function addressesOnLinux(): string[] {
  const root = '/sys/class/net';
  return readdirSync(root)
    .filter((name) => existsSync(`${root}/${name}/device`))
    .map((name) => read(`${root}/${name}/address`));
}

function addresses(): string[] {
  try {
    return addressesOnLinux();
  } catch {
    return Object.values(os.networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ mac }) => mac));
  }
}

/**
 * What tells this machine from a copy of its disk: the addresses of its network cards and the numbers of its boards,
 * hashed with the id of the device, so that they say nothing elsewhere. Empty where there is nothing of the kind.
 */
export function hardwareOf(deviceId: string): string[] {
  const cards = addresses().filter(
    (address) => address !== NO_ADDRESS && address !== '' && !isGivenBySoftware(address),
  );
  const boards = SERIAL_FILES.map(read).filter((serial) => !MEANINGLESS.test(serial));
  const parts = new Set([...cards, ...boards].map((part) => part.toLowerCase()));
  return [...parts]
    .map((part) => createHash('sha256').update(`${deviceId} ${part}`).digest('hex').slice(0, 32))
    .sort()
    .slice(0, 32);
}

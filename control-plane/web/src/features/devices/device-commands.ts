import type { DeviceCredentials } from '@flowyard/protocol';

const PACKAGE = '@flowyard/device-agent';
/** Where the agent looks when it is told nothing else. */
const FOLDER = '~/.flowyard-device';

/** The file that the agent reads, as text. Quoted: a token of digits alone would otherwise be read as a number. */
export function deviceFile(credentials: DeviceCredentials): string {
  const { url, deviceId: id, token, secret } = credentials;
  return Object.entries({ url, id, token, secret })
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
    .join('');
}

/** What to type on the device; the file goes into the agent's own folder. */
export function runCommands(): string {
  return [
    `npm install --global ${PACKAGE}`,
    `mkdir -p ${FOLDER}`,
    `# save device.yml in ${FOLDER}, then:`,
    `chmod 600 ${FOLDER}/device.yml`,
    'flowyard-device',
  ].join('\n');
}

/** What to type on each device that joins with a provisioning token. */
export function registerCommands(url: string, token: string): string {
  return [
    `npm install --global ${PACKAGE}`,
    `flowyard-device register --url ${url} --token ${token}`,
    'flowyard-device',
  ].join('\n');
}

/** What to type on the machine of one device, with its one-time code. */
export function joinCommands(url: string, code: string): string {
  return [
    `npm install --global ${PACKAGE}`,
    `flowyard-device register --url ${url} --code ${code}`,
    'flowyard-device',
  ].join('\n');
}

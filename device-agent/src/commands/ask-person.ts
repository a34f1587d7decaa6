import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { beginRegistration, claimRegistration } from '@flowyard/protocol';
import { HttpError, requestJson } from '../http-client.ts';
import { RegistrationError } from './registration-error.ts';

interface Machine {
  name: string;
  type?: string;
  agentVersion: string;
  platform: string;
}

const NOT_OURS = 'The address answers, but not as a Flowyard control plane.';

/**
 * Asks a person, in a browser on any machine, to say where this device belongs.
 * @returns the credentials as the control plane gave them
 */
export async function askPerson(
  url: string,
  machine: Machine,
  say: (text: string) => void,
): Promise<unknown> {
  const asked = beginRegistration.response.safeParse(
    await requestJson(`${url}/api/v1/agent/registrations`, { method: 'POST', token: null, body: machine }),
  );
  if (!asked.success) {
    throw new RegistrationError(NOT_OURS);
  }
  const { code, secret, interval } = asked.data;
  // The address that works from here is offered: the public one may not be reachable from a plant network.
  const page = `${url}/register-device/${code}`;
  say(`Open ${page} in a browser and say where this device belongs.`);
  say(`Its code is ${code}. This waits for a quarter of an hour.`);
  openBrowser(page);
  for (;;) {
    await delay(interval * 1000);
    const answer = await claim(url, secret);
    if (answer?.state === 'refused') {
      throw new RegistrationError('Somebody said no to this device.');
    }
    if (answer?.state === 'accepted') {
      return answer.credentials;
    }
  }
}

/** Null while the network is away. */
async function claim(url: string, secret: string) {
  try {
    const body = { secret };
    return claimRegistration.response.parse(
      await requestJson(`${url}/api/v1/agent/registrations/claim`, { method: 'POST', token: null, body }),
    );
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) {
      throw new RegistrationError('Nobody agreed within a quarter of an hour. Run the command again.');
    }
    return null;
  }
}

/** Where there is a screen; who has none uses the printed address elsewhere. */
function openBrowser(page: string): void {
  const hasScreen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!process.stdout.isTTY || !hasScreen) {
    return;
  }
  const commands: Partial<Record<NodeJS.Platform, string[]>> = {
    darwin: ['open', page],
    win32: ['rundll32', 'url.dll,FileProtocolHandler', page],
  };
  const [command = 'xdg-open', ...args] = commands[process.platform] ?? ['xdg-open', page];
  spawn(command, args, { detached: true, stdio: 'ignore' })
    .on('error', () => {})
    .unref();
}

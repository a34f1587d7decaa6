import type { LinkAddress } from '@flowyard/protocol';
import type { Loss } from './disk-queue';

function namesOf({ place, name, link }: LinkAddress): string {
  return `${place} “${name}”, link “${link}”`;
}

function countOf(messages: number): string {
  return messages === 1 ? '1 message' : `${messages} messages`;
}

/** For the log of Node-RED: some that waited are damaged on the disk. */
export function tellLoss(address: LinkAddress, { messages, from, to, files }: Loss): string {
  const what = messages === 1 ? countOf(1) : `Up to ${countOf(messages)}`;
  const where = files.length > 0 ? ` The damaged bytes are in ${files.join(' and ')}.` : '';
  return `${what} to ${namesOf(address)}, cannot be sent: what waited on the disk is damaged (numbers ${from} to ${to}).${where}`;
}

/** For the log of Node-RED: the address was refused for too long. */
export function tellGivenUp(address: LinkAddress, messages: number, since: Date, reason: string): string {
  const date = since.toISOString().slice(0, 10);
  return `${countOf(messages)} to ${namesOf(address)}, given up: for more than 30 days, since ${date}, nothing may be sent there. ${reason}`;
}

import { lookup } from 'node:dns';
import { type ClientRequest, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Undeliverable } from './delivery-queue.ts';

/** Posts JSON and resolves with the status. Redirects are not followed. */
export type PostJson = (url: string, body: string, headers: Record<string, string>) => Promise<number>;

/** Where webhooks may lead: `public` addresses, those of `private` networks too, or `any`, this machine included. */
export type WebhookTargets = 'public' | 'private' | 'any';

const TIMEOUT_MS = 10_000;

const THIS_MACHINE = new BlockList();
THIS_MACHINE.addSubnet('0.0.0.0', 8);
THIS_MACHINE.addSubnet('127.0.0.0', 8);
THIS_MACHINE.addSubnet('169.254.0.0', 16);
THIS_MACHINE.addAddress('::', 'ipv6');
THIS_MACHINE.addAddress('::1', 'ipv6');
THIS_MACHINE.addSubnet('fe80::', 10, 'ipv6');

const PRIVATE_NETWORKS = new BlockList();
PRIVATE_NETWORKS.addSubnet('10.0.0.0', 8);
PRIVATE_NETWORKS.addSubnet('100.64.0.0', 10);
PRIVATE_NETWORKS.addSubnet('172.16.0.0', 12);
PRIVATE_NETWORKS.addSubnet('192.168.0.0', 16);
PRIVATE_NETWORKS.addSubnet('fc00::', 7, 'ipv6');

/** Whether a webhook may lead to that address. */
export function mayPostTo(address: string, targets: WebhookTargets): boolean {
  if (targets === 'any') {
    return true;
  }
  // A BlockList takes an IPv4 address in the clothes of an IPv6 one for what it is.
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const isOwn = isIP(address) === 0 || THIS_MACHINE.check(address, family);
  return !isOwn && (targets === 'private' || !PRIVATE_NETWORKS.check(address, family));
}

/**
 * The address is checked when the connection is made, and not before: a name may lead elsewhere by then.
 * @returns a function that rejects when the receiver cannot be reached, may not be, or does not answer in time
 */
export function createPostJson(targets: WebhookTargets): PostJson {
  const lookupAllowed: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const allowed = (addresses ?? []).filter(({ address }) => mayPostTo(address, targets));
      const first = allowed[0];
      if (error || first === undefined) {
        done(error ?? new Undeliverable(refusal(hostname)), '', 4);
      } else if (options.all) {
        done(null, allowed);
      } else {
        done(null, first.address, first.family);
      }
    });
  };
  return (url, body, headers) =>
    new Promise((resolve, reject) => {
      const { protocol, hostname } = new URL(url);
      const host = hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0 && !mayPostTo(host, targets)) {
        reject(new Undeliverable(refusal(host)));
        return;
      }
      const send = protocol === 'https:' ? requestHttps : requestHttp;
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const sent: ClientRequest = send(url, {
        method: 'POST',
        headers: {
          ...headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
        lookup: lookupAllowed,
        signal,
        agent: false,
      });
      sent.on('response', (response) => {
        resolve(response.statusCode ?? 0);
        response.destroy();
      });
      sent.on('error', (error) =>
        reject(signal.aborted ? new Error('The receiver did not answer within 10 seconds.') : error),
      );
      sent.end(body);
    });
}

function refusal(host: string): string {
  return `Webhooks may not lead to ${host} here (FLOWYARD_WEBHOOK_TARGETS).`;
}

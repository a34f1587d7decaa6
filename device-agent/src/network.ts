/// <reference path="./proxy-from-env.d.ts" />
import type { Agent } from 'node:http';

/** Leads through the proxy; undefined while there is none. Only for the control plane: Node-RED here is asked directly. */
let proxyAgent: Agent | undefined;

/** Without what would let somebody use the proxy. */
export function withoutPassword(proxy: string): string {
  const url = new URL(proxy);
  url.username = '';
  url.password = '';
  return url.href.replace(/\/$/, '');
}

/** The proxy on the way to an address, as the environment says (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY); null for none. */
export async function proxyFor(url: string): Promise<string | null> {
  const { getProxyForUrl } = await import('proxy-from-env');
  return getProxyForUrl(url) || null;
}

/**
 * Leads what this process asks of the control plane through the proxy that the environment names, plain and WebSocket
 * connections alike. npm finds the same variables by itself.
 * @returns the proxy, without its password; null for none
 */
export async function useProxy(url: string): Promise<string | null> {
  const proxy = await proxyFor(url);
  if (proxy === null) {
    return null;
  }
  proxyAgent = await agentOf(proxy);
  return withoutPassword(proxy);
}

/** The libraries are loaded by those who have a proxy; the memory of the others is their own. */
async function agentOf(proxy: string): Promise<Agent> {
  if (/^socks/i.test(proxy)) {
    const { SocksProxyAgent } = await import('socks-proxy-agent');
    return new SocksProxyAgent(proxy);
  }
  const { HttpsProxyAgent } = await import('https-proxy-agent');
  return new HttpsProxyAgent(proxy);
}

/** For requests and WebSockets to the control plane. */
export function outgoingAgent(): { agent: Agent } | Record<string, never> {
  return proxyAgent === undefined ? {} : { agent: proxyAgent };
}

import type { IncomingMessage } from 'node:http';

/** What the proxy knows of a hosted instance, or a device in developer mode, that a host name leads to. */
export interface ProxiedInstance {
  kind: 'instance' | 'device';
  id: string;
  /** For people. */
  name: string;
  /** In front of the domain. */
  host: string;
}

/** How the proxy finds out who is at the door of an editor. It is the OAuth client; the control plane answers. */
export interface EditorSignIn {
  /** The instance with that name, or the device with that identifier; null when there is none. Answers from memory. */
  findInstance(name: string): Promise<ProxiedInstance | null>;
  /**
   * The signed identity to pass on to Node-RED, for the cookie that came along; null when nobody is signed in or
   * may open this editor. The same string is returned for a while, so that verifying it can be cached.
   */
  identify(request: IncomingMessage, instance: ProxiedInstance): Promise<string | null>;
  /**
   * Calls back once when whoever was identified may not open this editor any more, or in another role, until the
   * returned function is called. The request is read at once: its cookies are taken away before it is passed on.
   */
  watch(request: IncomingMessage, instance: ProxiedInstance, onEnd: () => void): () => void;
  /** Where to send the browser to sign in, and the cookie that remembers state and PKCE verifier meanwhile. */
  begin(
    request: IncomingMessage,
    instance: ProxiedInstance,
    scope: 'editor' | 'page',
  ): { location: string; cookie: string };
  /** Ends the sign-in at the callback: where to go and the cookies to set; null when code or state do not fit. */
  complete(
    request: IncomingMessage,
    instance: ProxiedInstance,
  ): Promise<{ location: string; cookies: string[] } | null>;
}

/** The path on the instance's host to which the sign-in returns. */
export const CALLBACK_PATH = '/.flowyard/callback';

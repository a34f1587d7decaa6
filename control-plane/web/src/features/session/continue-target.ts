export interface ContinueTarget {
  url: string;
  /** It is not a page of ours (an editor's sign-in, say), so the browser must load it. */
  leavesPage: boolean;
}

/** Where to go after signing in. Addresses of other origins are never followed. */
export function continueTarget(wanted: unknown, origin: string): ContinueTarget {
  const home = { url: '/', leavesPage: false };
  if (typeof wanted !== 'string' || !URL.canParse(wanted, origin)) {
    return home;
  }
  const url = new URL(wanted, origin);
  if (url.origin !== origin) {
    return home;
  }
  return {
    url: `${url.pathname}${url.search}${url.hash}`,
    leavesPage: /^\/(?:api|docs)\//.test(url.pathname),
  };
}

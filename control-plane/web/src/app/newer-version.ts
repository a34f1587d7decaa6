const STORAGE_KEY = 'flowyard.reloaded';
const ONCE_IN_MS = 60_000;

/**
 * After an update of the server the parts of the page that were not loaded yet have other names. Loading the page
 * anew brings the new version; not again and again, in case something else is wrong.
 */
export function followNewerVersion(): void {
  addEventListener('vite:preloadError', (event) => {
    const before = Number(sessionStorage.getItem(STORAGE_KEY) ?? 0);
    if (Date.now() - before > ONCE_IN_MS) {
      event.preventDefault();
      sessionStorage.setItem(STORAGE_KEY, String(Date.now()));
      location.reload();
    }
  });
}

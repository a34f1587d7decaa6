import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ADMIN_PASSWORD } from './control-plane.ts';

const QUIET_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Three browsers share two cores: helper threads of the script engine cost a fifth more than they bring.
  '--js-flags=--single-threaded --min-semi-space-size=32',
];
const INSTALLED = [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser'];

/** Headless Chromium: the machine's own where there is one, else the one from npm. */
export async function launchBrowser(): Promise<Browser> {
  const { executablePath, args } = await findChromium();
  return chromium.launch({ executablePath, args: [...args, ...QUIET_FLAGS] });
}

/** Has it unpacked before several processes need it: while one of them unpacks it, another would start half of it. */
export async function findChromium(): Promise<{ executablePath: string; args: string[] }> {
  const installed = INSTALLED.find((path) => path !== undefined && existsSync(path));
  return installed === undefined ? unpackChromium() : { executablePath: installed, args: [] };
}

/** The packaged Chromium unpacks itself into the folder for temporary files, where that of another person may lie. */
async function unpackChromium(): Promise<{ executablePath: string; args: string[] }> {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = ownTemporaryFolder();
  try {
    const { default: packaged } = await import('@sparticuz/chromium');
    const args = packaged.args.filter((flag) => !flag.startsWith('--headless'));
    return { executablePath: await packaged.executablePath(), args };
  } finally {
    if (before === undefined) {
      delete process.env.TMPDIR;
    } else {
      process.env.TMPDIR = before;
    }
  }
}

function ownTemporaryFolder(): string {
  const { username } = userInfo();
  const folder = tmpdir().endsWith(`flowyard-${username}`)
    ? tmpdir()
    : join(tmpdir(), `flowyard-${username}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}

export interface OpenPage {
  browser: Browser;
  page: Page;
  /** What the browser complained about: errors of scripts and of its console, without those an answer of 401 brings. */
  complaints: string[];
  close(): Promise<void>;
}

interface Look {
  theme?: 'light' | 'dark';
  width?: number;
  /** For pages that ask with the browser's own dialog. */
  credentials?: { username: string; password: string };
}

/** A page in a browser of its own. */
export async function openPage({ theme = 'light', width = 1440, credentials }: Look = {}): Promise<OpenPage> {
  const browser = await launchBrowser();
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme: theme,
    reducedMotion: 'reduce',
    ...(credentials && { httpCredentials: credentials }),
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 401/.test(message.text())) {
      complaints.push(message.text());
    }
  });
  return { browser, page, complaints, close: () => browser.close() };
}

/** Fills in the sign-in page that is shown. */
export async function signInOnPage(page: Page, username = 'admin', password = ADMIN_PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

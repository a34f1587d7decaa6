import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedSettings, RuntimeHost } from '@flowyard/protocol';

type Settings = Record<string, unknown>;

const STYLE_FILE = 'flowyard-header.css';

/** How the editor looks. Without settings, as a process of the pool has none yet, it looks as by default. */
export function editorTheme(
  folder: string,
  host: RuntimeHost,
  settings: ResolvedSettings | undefined,
): Settings {
  const title = lateText(() => host.binding()?.title ?? 'Node-RED');
  const url = settings?.['editor.headerUrl'] ?? null;
  const colour = settings?.['editor.headerColour'] ?? null;
  const theme = settings?.['editor.theme'] ?? null;
  const catalogues = settings?.['palette.catalogues'] ?? [];
  return {
    page: { title, ...(colour !== null && { css: [writeHeaderStyle(folder, colour)] }) },
    header: { title, ...(url !== null && { url }) },
    projects: { enabled: false },
    // Whoever has the same editor open sees the others.
    multiplayer: { enabled: true },
    tours: settings?.['editor.tours'] ?? false,
    codeEditor: { lib: settings?.['editor.codeEditor'] ?? 'monaco' },
    ...(theme !== null && { theme }),
    ...(catalogues.length > 0 && { palette: { catalogues } }),
  };
}

/** An object that templates and JSON take for the string that it will be. */
function lateText(text: () => string): object {
  return { toString: text, toJSON: text };
}

/** Node-RED serves style sheets from files only. The colour was checked to be one. */
function writeHeaderStyle(folder: string, colour: string): string {
  const path = join(folder, STYLE_FILE);
  const ink = isLight(colour) ? '#14191b' : '#ffffff';
  writeFileSync(
    path,
    `#red-ui-header { background-color: ${colour} !important; }\n` +
      `#red-ui-header .red-ui-header-logo span, #red-ui-header .button { color: ${ink} !important; }\n`,
  );
  return path;
}

function isLight(colour: string): boolean {
  const digits = colour.slice(1);
  const wide = digits.length === 3 ? [...digits].map((digit) => digit + digit).join('') : digits;
  const [red = 0, green = 0, blue = 0] = [0, 2, 4].map((at) => Number.parseInt(wide.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue > 150;
}

const OWN_MODULES = ['@flowyard/plugins', '@flowyard/nodes'];

/**
 * Which modules may be installed, loaded and used by function nodes. To Node-RED a list of allowed modules means
 * nothing by itself, so that what is not allowed is denied, except for our own modules.
 */
export function externalModules(settings: ResolvedSettings): Settings {
  const allowed = settings['palette.allow'];
  const isOpen = allowed.includes('*');
  const allowList = [...OWN_MODULES, ...allowed];
  const denyList = [...settings['palette.deny'], ...(isOpen ? [] : ['*'])];
  const mayInstall = settings['palette.install'];
  return {
    palette: { allowInstall: mayInstall, allowUpload: mayInstall, allowList, denyList },
    modules: { allowInstall: settings['runtime.externalModules'], allowList, denyList },
  };
}

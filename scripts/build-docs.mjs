// Renders docs/*.md to the pages that the control plane serves below /docs.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Marked } from 'marked';

const root = join(import.meta.dirname, '..');
const target = join(root, 'control-plane/dist/docs');

const slug = (text) =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

const marked = new Marked({
  renderer: {
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${slug(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    link({ href, tokens }) {
      return `<a href="${href.replace(/\.md(#|$)/, '$1')}">${this.parser.parseInline(tokens)}</a>`;
    },
  },
});

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2a2e; --quiet: #5c6b70; --paper: #fbfcfc; --line: #d9e1e3; --accent: #0b6470; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3eaec; --quiet: #9db0b5; --paper: #12191b; --line: #2b383c; --accent: #6cc3cf; } }
body { font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 46rem; margin: 0 auto; padding: 2rem 1.25rem 6rem; }
nav { display: flex; flex-wrap: wrap; gap: 1.25rem; border-bottom: 1px solid var(--line); padding-bottom: .75rem; margin-bottom: 2rem; }
a { color: var(--accent); } h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 2.25rem; }
:target { scroll-margin-top: 1rem; background: color-mix(in srgb, var(--accent) 15%, transparent); }
pre { overflow-x: auto; padding: .9rem 1rem; border: 1px solid var(--line); border-radius: 6px; line-height: 1.4; }
img { max-width: 100%; border: 1px solid var(--line); border-radius: 6px; } code { font: .9em ui-monospace, monospace; } table { border-collapse: collapse; display: block; overflow-x: auto; }
td, th { text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); padding: .4rem .9rem .4rem 0; }
`;

const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const titles = new Map(
  pages.map((name) => {
    const source = readFileSync(join(root, 'docs', name), 'utf8');
    return [name.replace(/\.md$/, ''), { source, title: /^# (.+)$/m.exec(source)?.[1] ?? name }];
  }),
);
const ORDER = [
  'start',
  'concepts',
  'editor',
  'devices',
  'settings',
  'access',
  'audit',
  'operating',
  'api',
  'architecture',
];
const names = [...titles.keys()].sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
const menu = names.map((name) => `<a href="/docs/${name}">${titles.get(name).title}</a>`).join('\n');

mkdirSync(target, { recursive: true });
cpSync(join(root, 'docs/images'), join(target, 'images'), { recursive: true });
for (const [name, { source, title }] of titles) {
  writeFileSync(
    join(target, `${name}.html`),
    `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} · Flowyard</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<nav aria-label="Documentation"><a href="/"><strong>Flowyard</strong></a>
${menu}
</nav>
<main>
${marked.parse(source)}
</main>
</body>
</html>
`,
  );
}
writeFileSync(join(target, 'style.css'), STYLE.trimStart());

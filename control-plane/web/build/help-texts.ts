import { marked } from 'marked';
import type { Plugin } from 'vite';

/** Turns a help text into a module with its title and HTML, so that no Markdown is read in the browser. */
export function helpTexts(): Plugin {
  return {
    name: 'flowyard-help-texts',
    transform(source, id) {
      if (!/\/help\/[a-z]{2}\/[a-z-]+\.md$/.test(id)) {
        return null;
      }
      const title = /^# (.+)$/m.exec(source)?.[1] ?? '';
      const html = marked.parse(source.replace(/^# .+$/m, '').trim(), { async: false });
      return { code: `export default ${JSON.stringify({ title, html })};`, map: null, moduleType: 'js' };
    },
  };
}

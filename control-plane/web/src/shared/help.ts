const TEXTS = import.meta.glob<{ title: string; html: string }>('../../help/en/*.md', { import: 'default' });

/** The help text for a term; null when nobody wrote one. */
export async function loadHelp(term: string): Promise<{ title: string; html: string } | null> {
  return (await TEXTS[`../../help/en/${term}.md`]?.()) ?? null;
}

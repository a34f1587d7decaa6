import type { SnapshotPart, SnapshotView } from '@flowyard/protocol';
import { api } from '../api';
import { field, openForm, tick } from '../dialog';
import { el } from '../dom';
import { t } from '../translate';

const PARTS: SnapshotPart[] = ['flows', 'credentials', 'variables', 'settings', 'modules'];

/** Gives the person a file. */
function saveFile(name: string, content: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }));
  const link = el('a', { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

/** A snapshot as a file, of the parts that somebody chooses; credentials are encrypted with a secret of theirs. */
export function downloadSnapshot(snapshot: SnapshotView): void {
  const ticks = new Map(
    PARTS.map((part) => [part, tick(t(`download.part.${part}`), part !== 'credentials')]),
  );
  const secret = el('input', { type: 'password', autocomplete: 'new-password', minlength: 8 });
  const secretField = field(t('download.secret'), secret, t('download.secretHint'));
  const chosen = () => PARTS.filter((part) => ticks.get(part)?.input.checked);
  const draw = () => {
    secret.required = chosen().includes('credentials');
    secretField.hidden = !secret.required;
    dialog.setBlocked(chosen().length === 0 ? t('download.nothing') : null);
  };
  const parts = el(
    'fieldset',
    { class: 'flowyard-parts' },
    el('legend', {}, t('download.parts')),
    ...[...ticks.values()].map(({ row }) => row),
  );
  const dialog = openForm({
    title: t('download.title', { name: snapshot.name }),
    content: [parts, secretField],
    action: t('download.action'),
    onSubmit: async () => {
      const file = await api.exportSnapshot(snapshot.id, {
        parts: chosen(),
        ...(secret.required && { credentialSecret: secret.value }),
      });
      saveFile(`${snapshot.name.replaceAll(/[^\w.-]+/g, '-')}.snapshot.json`, file);
    },
  });
  parts.addEventListener('change', draw);
  draw();
}

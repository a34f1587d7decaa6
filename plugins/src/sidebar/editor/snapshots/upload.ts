import { api, type ImportBody } from '../api';
import { field, openForm, tick } from '../dialog';
import { button, el } from '../dom';
import { reportDone } from '../notices';
import type { Store } from '../store';
import { t } from '../translate';
import { type FileSummary, summariseFile } from './file-summary';

/** As much as Node-RED itself takes unless it is told otherwise, less what is around it. */
const LARGEST_BYTES = 4.9 * 1024 * 1024;

interface Found {
  file: Record<string, unknown>;
  summary: FileSummary;
}

function summaryList({ from, flows, nodes, modules, credentials }: FileSummary): HTMLElement {
  const rows: [string, string][] = [
    [t('upload.from'), from],
    [t('upload.flows'), t('snapshots.size', { flows, nodes })],
    [t('compare.modules'), modules.join(', ') || t('upload.none')],
    [t('compare.credentials'), t(`upload.credentials.${credentials}`)],
  ];
  return el(
    'dl',
    { class: 'flowyard-facts' },
    ...rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );
}

/** A place for a file: to drop it on, or to choose it by a button. */
function dropZone(onFile: (file: File) => void): HTMLElement {
  const input = el('input', {
    type: 'file',
    accept: '.json,application/json',
    'aria-label': t('upload.choose'),
    hidden: true,
  });
  const zone = el(
    'div',
    { class: 'flowyard-drop' },
    button({ label: t('upload.choose'), icon: 'upload', onClick: () => input.click() }),
    el('span', { class: 'flowyard-quiet' }, t('upload.drop')),
    input,
  );
  const over = (isOver: boolean) => zone.classList.toggle('flowyard-drop-over', isOver);
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file !== undefined) {
      onFile(file);
    }
  };
  input.addEventListener('change', () => {
    take(input.files);
    input.value = '';
  });
  zone.addEventListener('dragover', (event) => {
    event.preventDefault();
    // The editor itself takes flows that are dropped on it.
    event.stopPropagation();
    over(true);
  });
  zone.addEventListener('dragleave', () => over(false));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    event.stopPropagation();
    over(false);
    take(event.dataTransfer?.files);
  });
  return zone;
}

function bodyOf({ file, summary }: Found, name: string, secret: string | null): ImportBody {
  const leavesCredentials = summary.credentials !== 'none' && secret === null;
  return {
    file,
    name,
    ...(summary.credentials === 'encrypted' && secret !== null && { credentialSecret: secret }),
    ...(leavesCredentials && { parts: ['flows', 'variables', 'settings', 'modules'] }),
  };
}

/** Makes a snapshot out of a file. */
export function uploadSnapshot(store: Store): void {
  const { seat } = store;
  if (seat === null) {
    return;
  }
  let found: Found | null = null;
  const facts = el('div', {});
  const name = el('input', { type: 'text', maxlength: 120, required: true });
  const secret = el('input', { type: 'password', autocomplete: 'off' });
  const withCredentials = tick(t('upload.withCredentials'), true);
  const secretField = field(t('upload.secret'), secret, t('upload.secretHint'));
  const draw = () => {
    const kind = found?.summary.credentials ?? 'none';
    nameField.hidden = found === null;
    withCredentials.row.hidden = kind === 'none';
    secretField.hidden = kind !== 'encrypted' || !withCredentials.input.checked;
    secret.required = !secretField.hidden;
    dialog.setBlocked(found === null ? t('upload.chooseFirst') : null);
  };
  const read = async (chosen: File) => {
    found = null;
    facts.replaceChildren();
    dialog.setProblem('');
    try {
      if (chosen.size > LARGEST_BYTES) {
        throw new Error(t('upload.tooLarge'));
      }
      found = summariseFile(await chosen.text());
      name.value = found.summary.name || chosen.name.replace(/(?:\.snapshot)?\.json$/, '');
      facts.replaceChildren(summaryList(found.summary));
    } catch (error) {
      dialog.setProblem((error as Error).message);
    }
    draw();
  };
  const nameField = field(t('snapshots.name'), name);
  const dialog = openForm({
    title: t('upload.title'),
    content: [
      dropZone((file) => void read(file)),
      facts,
      nameField,
      withCredentials.row,
      secretField,
      el('p', { class: 'flowyard-hint' }, t('upload.text')),
    ],
    action: t('upload.action'),
    onSubmit: async () => {
      if (found === null) {
        return;
      }
      const key = withCredentials.input.checked ? secret.value : null;
      const { snapshot, leftOut } = await api.importSnapshot(
        seat.place,
        bodyOf(found, name.value.trim(), key),
      );
      store.apply({ seat: seat.id, kind: 'snapshot', id: snapshot.id, value: snapshot });
      const parts = leftOut.length === 0 ? '' : ` ${t('upload.leftOut', { parts: leftOut.join('; ') })}`;
      reportDone(
        t('upload.done', { name: snapshot.name }) + parts,
        leftOut.length === 0 ? undefined : 15_000,
      );
    },
  });
  withCredentials.input.addEventListener('change', draw);
  draw();
}

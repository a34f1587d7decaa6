import type { DryRunView } from '@flowyard/protocol';
import { versionWords } from '../compare/contents';
import { countWords } from '../compare/words';
import { el, icon } from '../dom';
import { t } from '../translate';

const EFFECTS = ['install', 'restart', 'flows', 'nothing', 'later'] as const;
const EFFECT_ICONS: Record<(typeof EFFECTS)[number], string> = {
  install: 'download',
  restart: 'refresh',
  flows: 'bolt',
  nothing: 'check',
  later: 'hourglass-o',
};
const MOST_NAMES = 20;

function listOf(lines: (Node | string)[]): HTMLElement {
  return el('ul', { class: 'flowyard-lines-list' }, ...lines.map((line) => el('li', {}, line)));
}

/** What would differ there afterwards, in a few lines. */
export function differenceLines({ comparison }: DryRunView): string[] {
  const { flows, modules, variables } = comparison;
  const counts = countWords(flows.counts);
  const names = variables.filter(({ change }) => change === 'added').map(({ name }) => name);
  return [
    ...(counts.length > 0 ? [t('dryRun.nodes', { counts: counts.join(', ') })] : []),
    ...modules.map(versionWords),
    ...(names.length > 0 ? [t('dryRun.newVariables', { names: names.join(', ') })] : []),
  ];
}

function effectLines({ effects, targets }: DryRunView): HTMLElement[] {
  const single = targets.length === 1 ? targets[0] : undefined;
  const total = EFFECTS.reduce((sum, effect) => sum + effects[effect], 0);
  return EFFECTS.filter((effect) => effects[effect] > 0).map((effect) => {
    const who = single?.name ?? t('dryRun.some', { count: effects[effect], total });
    const reason = single?.reason ?? null;
    return el(
      'span',
      {},
      icon(EFFECT_ICONS[effect]),
      ' ',
      t(`dryRun.effect.${effect}`, { who }),
      ...(reason === null ? [] : [el('span', { class: 'flowyard-quiet' }, ` ${reason}`)]),
    );
  });
}

/** Those that take it later, with why. */
function laterList({ targets }: DryRunView): HTMLElement | null {
  const later = targets.filter(({ effect, reason }) => effect === 'later' && reason !== null);
  if (targets.length < 2 || later.length === 0) {
    return null;
  }
  const lines = later.slice(0, MOST_NAMES).map(({ name, reason }) => `${name}: ${reason}`);
  const left = later.length - lines.length;
  const more = left > 0 ? [t('restore.more', { count: left })] : [];
  return el('details', {}, el('summary', {}, t('dryRun.later')), listOf([...lines, ...more]));
}

/** Whether the push can be made though the target lacks values of variables: then somebody has to say so. */
export function lacksVariables({ missingVariables, refusals }: DryRunView): boolean {
  return missingVariables.length > 0 && refusals.every(({ code }) => code !== 'missing_variables');
}

/** What a push would do, before it is made. */
export function dryRunReport(report: DryRunView): HTMLElement {
  const { refusals, missingVariables, comparison, current, to } = report;
  const lines = differenceLines(report);
  return el(
    'div',
    { class: 'flowyard-report' },
    ...refusals.map(({ message }) =>
      el('p', { class: 'flowyard-bad', role: 'alert' }, icon('times-circle'), ' ', message),
    ),
    lacksVariables(report)
      ? el(
          'p',
          { class: 'flowyard-warning' },
          icon('warning'),
          ' ',
          t('dryRun.missing', { to: to.name, names: missingVariables.join(', ') }),
        )
      : null,
    el(
      'h4',
      {},
      current === null ? t('dryRun.new', { to: to.name }) : t('dryRun.against', { name: current.name }),
    ),
    comparison.same || lines.length === 0
      ? el('p', { class: 'flowyard-quiet' }, t(comparison.same ? 'dryRun.same' : 'dryRun.elsewhere'))
      : listOf(lines),
    el('h4', {}, t('dryRun.effects')),
    listOf(effectLines(report)),
    laterList(report),
  );
}

import type { NodeChange, PropertyChange, TextHunk } from '@flowyard/protocol';
import { el } from '../dom';
import { t } from '../translate';
import { changeSign } from './words';

/** One changed node; what changed in it is made when it is opened. */
export function nodeDetails(node: NodeChange, isOpen: boolean): HTMLElement {
  const type = node.name === node.type ? null : el('span', { class: 'flowyard-quiet' }, ' ', node.type);
  const details = el(
    'details',
    { class: 'flowyard-node', open: isOpen, 'data-open': isOpen },
    el('summary', {}, changeSign(node.change), ' ', node.name, type),
  );
  const fill = () => details.childElementCount === 1 && details.append(...nodeBody(node));
  if (isOpen) {
    fill();
  }
  details.addEventListener('toggle', fill);
  return details;
}

function nodeBody(node: NodeChange): Node[] {
  const facts: Node[] = [
    ...(node.flow === null
      ? []
      : [fact(t('compare.movedFlow', { before: node.flow.before.name, after: node.flow.after.name }))]),
    ...(node.place === null ? [] : [fact(t('compare.movedPlace'))]),
    ...node.wires.map(({ change, from, to, kind }) =>
      fact(t(`compare.${kind}.${change}`, { from: from.name, to: to.name })),
    ),
    ...node.members.map(({ change, name }) => fact(t(`compare.member.${change}`, { name }))),
  ];
  const whole =
    node.change === 'added' || node.change === 'removed' ? [fact(t(`compare.whole.${node.change}`))] : [];
  return [...whole, ...facts, ...node.properties.map(propertyChange)];
}

function fact(words: string): HTMLElement {
  return el('p', { class: 'flowyard-fact' }, words);
}

function propertyChange(property: PropertyChange): HTMLElement {
  const { name, hunks } = property;
  const body =
    hunks === null
      ? el(
          'div',
          { class: 'flowyard-values' },
          value('before', property.before, property.beforeSize, property.beforeName),
          value('after', property.after, property.afterSize, property.afterName),
        )
      : el(
          'div',
          { class: 'flowyard-lines', tabindex: 0, role: 'group', 'aria-label': name },
          ...hunks.flatMap(hunkLines),
        );
  return el('div', { class: 'flowyard-property' }, el('h4', {}, name), body);
}

function value(side: 'before' | 'after', shown: unknown, size: number | null, name?: string): HTMLElement {
  const sign = side === 'before' ? '−' : '+';
  const words =
    size === null
      ? t('compare.notSet')
      : shown === undefined
        ? t('compare.large', { size })
        : `${typeof shown === 'string' ? shown : JSON.stringify(shown)}${name === undefined ? '' : ` (${name})`}`;
  const isQuiet = size === null || shown === undefined;
  return el(
    'div',
    { class: `flowyard-value flowyard-value-${side}` },
    el('span', { role: 'img', 'aria-label': t(`compare.${side}`) }, sign),
    ' ',
    el('span', isQuiet ? { class: 'flowyard-quiet' } : {}, words === '' ? t('compare.empty') : words),
  );
}

const LINE_KINDS: Record<string, string> = { '-': 'before', '+': 'after', ' ': 'same' };

function hunkLines({ beforeStart, afterStart, lines }: TextHunk): Node[] {
  let before = beforeStart;
  let after = afterStart;
  const rows = lines.map((line) => {
    const sign = line.slice(0, 1);
    const number = sign === '-' ? before : after;
    before += sign === '+' ? 0 : 1;
    after += sign === '-' ? 0 : 1;
    return el(
      'div',
      { class: `flowyard-line flowyard-line-${LINE_KINDS[sign] ?? 'same'}` },
      el('span', { class: 'flowyard-number', 'aria-hidden': 'true' }, String(number)),
      el('span', { class: 'flowyard-line-sign' }, sign),
      el('code', {}, line.slice(1)),
    );
  });
  return [el('div', { class: 'flowyard-hunk', 'aria-hidden': 'true' }, '⋯'), ...rows];
}

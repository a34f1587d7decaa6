import type { FailureBudget, RolloutPolicy, RolloutWave } from '@flowyard/protocol';

/** A rollout policy as people type it. */
export interface RolloutForm {
  /** `1, 10 %, rest`; empty: all at once. */
  waves: string;
  /** Empty: as many as there are in a wave. */
  concurrency: string;
  healthMinutes: string;
  /** `2 %` or `5`; empty: no limit. */
  budget: string;
  onHalt: RolloutPolicy['onHalt'];
  window: RolloutPolicy['window'];
}

export function formOf(policy: RolloutPolicy): RolloutForm {
  return {
    waves: policy.waves.map(waveText).join(', '),
    concurrency: policy.concurrency === null ? '' : String(policy.concurrency),
    healthMinutes: policy.healthSeconds === 0 ? '' : String(policy.healthSeconds / 60),
    budget: policy.failureBudget === null ? '' : budgetText(policy.failureBudget),
    onHalt: policy.onHalt,
    window: policy.window && { ...policy.window, days: [...policy.window.days] },
  };
}

/** @throws never: what does not fit was refused by the rules of the fields */
export function policyOf(form: RolloutForm): RolloutPolicy {
  return {
    waves: readWaves(form.waves) ?? [],
    concurrency: form.concurrency.trim() === '' ? null : Number(form.concurrency),
    healthSeconds: Math.round(Number(form.healthMinutes || 0) * 60),
    failureBudget: readBudget(form.budget),
    onHalt: form.onHalt,
    window: form.window,
  };
}

/** The parts of a policy that were typed otherwise. */
export function changesOf(form: RolloutForm, policy: RolloutPolicy): Partial<RolloutPolicy> {
  const typed = policyOf(form);
  const keys = Object.keys(typed) as Array<keyof RolloutPolicy>;
  const changed = keys.filter((key) => JSON.stringify(typed[key]) !== JSON.stringify(policy[key]));
  return Object.fromEntries(changed.map((key) => [key, typed[key]]));
}

/** How many may fail, as it was typed; null for no limit. */
export function readBudget(text: string): FailureBudget | null {
  return text.trim() === '' ? null : readShare(text, true);
}

export const ROLLOUT_RULES = {
  waves: (text: string | null) =>
    readWaves(text ?? '') !== null || 'Write numbers, shares or “rest”, as in: 1, 10 %, rest',
  concurrency: (text: string | null) =>
    (text ?? '').trim() === '' || isWhole(text ?? '', 1) || 'Write a number from 1, or leave it empty.',
  health: (text: string | null) => {
    const minutes = Number(text || 0);
    return (minutes >= 0 && minutes <= 10_080) || 'Write minutes, at most 10080 (a week).';
  },
  budget: (text: string | null) =>
    (text ?? '').trim() === '' ||
    readShare(text ?? '', true) !== null ||
    'Write a number or a share, as in: 2 %',
} as const;

function readWaves(text: string): RolloutWave[] | null {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const waves = words.map((word) => (word.toLowerCase() === 'rest' ? 'rest' : readShare(word, false)));
  return waves.includes(null) || waves.length > 20 ? null : (waves as RolloutWave[]);
}

function readShare(text: string, zero: boolean): FailureBudget | null {
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  if (percent) {
    const share = Number(percent[1]);
    return share <= 100 && (zero || share > 0) ? { percent: share } : null;
  }
  return isWhole(text, zero ? 0 : 1) ? { count: Number(text) } : null;
}

function isWhole(text: string, least: number): boolean {
  return /^\d{1,6}$/.test(text.trim()) && Number(text) >= least && Number(text) <= 100_000;
}

function waveText(wave: RolloutWave): string {
  return wave === 'rest' ? wave : budgetText(wave);
}

function budgetText(share: FailureBudget): string {
  return 'percent' in share ? `${share.percent} %` : String(share.count);
}

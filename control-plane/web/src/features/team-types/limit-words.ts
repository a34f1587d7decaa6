import type { TeamFeature, TeamLimits, TeamTerms } from '@flowyard/protocol';

export const LIMIT_FIELDS = [
  { key: 'members', label: 'Members' },
  { key: 'instances', label: 'Hosted instances' },
  { key: 'devices', label: 'Devices' },
  { key: 'snapshots', label: 'Snapshots that people take' },
  { key: 'storageMb', label: 'Storage in MB' },
  { key: 'auditDays', label: 'Days that the audit log is kept' },
] as const;

export const FEATURE_NAMES: Record<TeamFeature, string> = {
  devices: 'Devices',
  pipelines: 'Pipelines',
  webhooks: 'Webhooks',
  'http-tokens': 'HTTP tokens',
  blueprints: 'Blueprints',
};

/** What a team type leaves out and costs, in a line; empty when there is nothing to say. */
export function termWords({ without, devicePrice, allowance }: TeamTerms): string {
  const left = without.map((feature) => FEATURE_NAMES[feature].toLowerCase()).join(', ');
  return [
    left && `without ${left}`,
    devicePrice !== null && `${devicePrice} for a device`,
    allowance !== null && `${allowance} free`,
  ]
    .filter(Boolean)
    .join(' · ');
}

/** The limits of a team type in a line. */
export function limitWords(limits: TeamLimits): string {
  const words = LIMIT_FIELDS.flatMap(({ key, label }) =>
    limits[key] === null ? [] : [`${label}: ${limits[key]}`],
  );
  const types = Object.keys(limits.instancesByType).length;
  if (types > 0) {
    words.push(`limits for ${types} instance ${types === 1 ? 'type' : 'types'}`);
  }
  return words.length === 0 ? 'no limits' : words.join(' · ');
}

/** What was typed as a limit: nothing is none; undefined when it is not a whole number. */
export function parseLimit(text: string | null): number | null | undefined {
  const typed = (text ?? '').trim();
  if (typed === '') {
    return null;
  }
  return /^\d{1,7}$/.test(typed) ? Number(typed) : undefined;
}

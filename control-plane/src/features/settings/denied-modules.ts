import type { SettingKey } from '@flowyard/protocol';
import coerce from 'semver/functions/coerce.js';
import satisfies from 'semver/functions/satisfies.js';

interface Rule {
  name: RegExp;
  range: string;
  /** Where its first wildcard is: a rule with a later one names modules more exactly. */
  wildcard: number;
  length: number;
}

function toRule(pattern: string): Rule {
  const at = pattern.indexOf('@', 1);
  const name = at === -1 ? pattern : pattern.slice(0, at);
  const parts = name.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\-]/g, '\\$&'));
  const wildcard = name.indexOf('*');
  return {
    name: new RegExp(`^${parts.join('.*')}$`),
    range: at === -1 ? '*' : pattern.slice(at + 1),
    wildcard: wildcard === -1 ? Number.POSITIVE_INFINITY : wildcard,
    length: name.length,
  };
}

function firstMatch(rules: readonly string[], name: string, version: string): Rule | undefined {
  const exact = coerce(version);
  return rules
    .map(toRule)
    .find(
      (rule) =>
        rule.name.test(name) && (rule.range === '*' || exact === null || satisfies(exact, rule.range)),
    );
}

function isMoreExact(a: Rule, b: Rule): boolean {
  return a.wildcard === b.wildcard ? a.length > b.length : a.wildcard > b.wildcard;
}

interface DeniedModule {
  module: string;
  key: SettingKey;
}

/**
 * Modules that Node-RED would not load with these lists, and the list that keeps them out. The rules are those of
 * Node-RED (@node-red/registry lib/util.js), with `*` denied unless it is allowed.
 */
export function deniedModules(
  modules: Record<string, string>,
  allow: readonly string[],
  deny: readonly string[],
): DeniedModule[] {
  return Object.entries(modules).flatMap(([name, version]): DeniedModule[] => {
    const allowed = firstMatch(allow, name, version);
    const denied = firstMatch(deny, name, version);
    const module = `${name} ${version}`;
    if (denied && !(allowed && isMoreExact(allowed, denied))) {
      return [{ module, key: 'palette.deny' }];
    }
    return allowed ? [] : [{ module, key: 'palette.allow' }];
  });
}

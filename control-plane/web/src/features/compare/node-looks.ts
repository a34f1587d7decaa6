import {
  mdiAlertCircleOutline,
  mdiApplicationBracketsOutline,
  mdiArrowDecisionOutline,
  mdiBugOutline,
  mdiClockOutline,
  mdiCodeBraces,
  mdiCogOutline,
  mdiCommentOutline,
  mdiDatabaseOutline,
  mdiExportVariant,
  mdiFileOutline,
  mdiFunctionVariant,
  mdiGaugeFull,
  mdiImport,
  mdiLinkVariant,
  mdiPulse,
  mdiSwapHorizontal,
  mdiVectorSquare,
  mdiWeb,
} from '@mdi/js';

export interface NodeLook {
  colour: string;
  icon: string;
}

const NEUTRAL: NodeLook = { colour: '#d7dee0', icon: mdiCogOutline };
const look = (colour: string, icon: string): NodeLook => ({ colour, icon });

/** Nodes that come with Node-RED, and some that many use. What others look like only their packages know. */
const LOOKS = new Map<string, NodeLook>([
  ['inject', look('#a6bbcf', mdiExportVariant)],
  ['debug', look('#87a980', mdiBugOutline)],
  ['function', look('#fdd0a2', mdiFunctionVariant)],
  ['change', look('#e2d96e', mdiSwapHorizontal)],
  ['switch', look('#e2d96e', mdiArrowDecisionOutline)],
  ['range', look('#e2d96e', mdiGaugeFull)],
  ['rbe', look('#e2d96e', mdiGaugeFull)],
  ['template', look('#f3b567', mdiCodeBraces)],
  ['delay', look('#e6e0f8', mdiClockOutline)],
  ['trigger', look('#e6e0f8', mdiPulse)],
  ['exec', look('#fa8072', mdiCogOutline)],
  ['comment', look('#ffffff', mdiCommentOutline)],
  ['catch', look('#e49191', mdiAlertCircleOutline)],
  ['status', look('#c0edc0', mdiPulse)],
  ['complete', look('#c0edc0', mdiAlertCircleOutline)],
  ['split', look('#e2d96e', mdiArrowDecisionOutline)],
  ['join', look('#e2d96e', mdiArrowDecisionOutline)],
  ['sort', look('#e2d96e', mdiArrowDecisionOutline)],
  ['batch', look('#e2d96e', mdiArrowDecisionOutline)],
  ['json', look('#debd5c', mdiCodeBraces)],
  ['csv', look('#debd5c', mdiCodeBraces)],
  ['xml', look('#debd5c', mdiCodeBraces)],
  ['yaml', look('#debd5c', mdiCodeBraces)],
  ['html', look('#debd5c', mdiCodeBraces)],
  ['file', look('#deb887', mdiFileOutline)],
  ['file in', look('#deb887', mdiFileOutline)],
  ['watch', look('#deb887', mdiFileOutline)],
]);

/** By the beginning of the type. */
const FAMILIES: ReadonlyArray<[string, NodeLook]> = [
  ['link ', look('#dddddd', mdiLinkVariant)],
  ['subflow:', look('#dda0dd', mdiVectorSquare)],
  ['mqtt', look('#d8bfd8', mdiImport)],
  ['http', look('#e7e7ae', mdiWeb)],
  ['websocket', look('#d7d7a0', mdiWeb)],
  ['tcp', look('#c0c0c0', mdiWeb)],
  ['udp', look('#c0c0c0', mdiWeb)],
  ['ui', look('#a9d3e0', mdiApplicationBracketsOutline)],
  ['influxdb', look('#ecb5a3', mdiDatabaseOutline)],
  ['sqlite', look('#ecb5a3', mdiDatabaseOutline)],
  ['postgres', look('#ecb5a3', mdiDatabaseOutline)],
  ['mysql', look('#ecb5a3', mdiDatabaseOutline)],
  ['modbus', look('#e9967a', mdiPulse)],
  ['opcua', look('#e9967a', mdiPulse)],
  ['s7', look('#e9967a', mdiPulse)],
];

export function lookOf(type: string): NodeLook {
  const name = type.toLowerCase();
  return LOOKS.get(type) ?? FAMILIES.find(([start]) => name.startsWith(start))?.[1] ?? NEUTRAL;
}

const WITHOUT_INPUT: ReadonlySet<string> = new Set([
  'inject',
  'catch',
  'status',
  'complete',
  'comment',
  'watch',
  'link in',
]);

/** Whether the editor draws an input, as far as the type tells. */
export function hasInput(type: string): boolean {
  return !WITHOUT_INPUT.has(type) && (!type.endsWith(' in') || type === 'file in');
}

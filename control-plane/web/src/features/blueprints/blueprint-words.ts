import type {
  BlueprintCategory,
  BlueprintIcon,
  BlueprintVariableType,
  BlueprintView,
} from '@flowyard/protocol';
import {
  mdiAlarmLightOutline,
  mdiChartLine,
  mdiChip,
  mdiClipboardTextOutline,
  mdiCogOutline,
  mdiDatabaseOutline,
  mdiFactory,
  mdiGauge,
  mdiLightningBoltOutline,
  mdiRobotIndustrialOutline,
  mdiServerNetworkOutline,
  mdiStorageTankOutline,
  mdiThermometer,
  mdiTruckOutline,
  mdiViewGridOutline,
  mdiWaterOutline,
} from '@mdi/js';

export const BLUEPRINT_ICON_PATHS: Record<BlueprintIcon, string> = {
  alarm: mdiAlarmLightOutline,
  board: mdiViewGridOutline,
  chart: mdiChartLine,
  chip: mdiChip,
  clipboard: mdiClipboardTextOutline,
  cog: mdiCogOutline,
  database: mdiDatabaseOutline,
  energy: mdiLightningBoltOutline,
  factory: mdiFactory,
  gauge: mdiGauge,
  network: mdiServerNetworkOutline,
  robot: mdiRobotIndustrialOutline,
  tank: mdiStorageTankOutline,
  thermometer: mdiThermometer,
  truck: mdiTruckOutline,
  water: mdiWaterOutline,
};

export const CATEGORY_NAMES: Record<BlueprintCategory, string> = {
  connectivity: 'Connectivity',
  production: 'Production',
  alarms: 'Alarms',
  energy: 'Energy',
  data: 'Data',
  simulation: 'Simulation',
  other: 'Other',
};

export const TYPE_NAMES: Record<BlueprintVariableType, string> = {
  text: 'Text',
  number: 'Number',
  boolean: 'Yes or no',
  choice: 'Choice',
  secret: 'Secret',
};

export const FORMAT_NAMES = {
  any: 'Any text',
  host: 'Host name or IP address',
  address: 'Address (URL)',
  topic: 'MQTT topic',
  file: 'Name of a file',
} as const;

export function scopeWords({ scope, team }: Pick<BlueprintView, 'scope' | 'team'>): string {
  return { shipped: 'comes with Flowyard', platform: 'for everybody', team: `of ${team?.name ?? 'a team'}` }[
    scope
  ];
}

/** Blueprints under the names of their categories, in the order of the gallery. */
export function byCategory(
  blueprints: readonly BlueprintView[],
): Array<[name: string, items: BlueprintView[]]> {
  return (Object.keys(CATEGORY_NAMES) as BlueprintCategory[])
    .map((key): [string, BlueprintView[]] => [
      CATEGORY_NAMES[key],
      blueprints.filter(({ category }) => category === key),
    ])
    .filter(([, items]) => items.length > 0);
}

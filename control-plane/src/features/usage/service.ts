import type { UsageReport } from '@flowyard/protocol';
import { stringify } from 'csv-stringify/sync';
import type { UserActor } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import { monthOf } from './month.ts';
import { makeReport } from './report.ts';

const COLUMNS = [
  'team',
  'month',
  'application',
  'what',
  'name',
  'type',
  'price',
  'hours',
  'days',
  'amount',
  'currency',
];
/** Office programs take a cell that starts so for a formula, and a name may be chosen by anybody. */
const FORMULA = /^[=+\-@\t\r]/;

interface Parts {
  db: Database;
}

/** What teams used in a month and what that costs. */
export class UsageService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async csv(actor: UserActor, teamId: string, month: string): Promise<string> {
    const { stores } = this.#parts.db;
    const team = await stores.teams.find(teamId, actor.userId);
    const report = await this.report(teamId, month);
    return stringify([COLUMNS, ...rowsOf(team?.name ?? '', report)]);
  }

  /** Of all teams that there are. */
  async csvOfAll(month: string): Promise<string> {
    const rows = [COLUMNS];
    for (const { id, name } of await this.#parts.db.stores.usage.teams()) {
      rows.push(...rowsOf(name, await this.report(id, month)));
    }
    return stringify(rows);
  }

  async report(teamId: string, name: string): Promise<UsageReport> {
    const { stores } = this.#parts.db;
    const month = monthOf(name);
    const now = Date.now();
    const iso = (ms: number) => new Date(ms).toISOString();
    const day = (ms: number) => iso(ms).slice(0, 10);
    const intervals = await stores.usage.intervals(teamId, iso(month.fromMs), iso(month.toMs));
    const deviceDays = await stores.usage.deviceDays(teamId, day(month.fromMs), day(month.toMs));
    const today = await stores.usage.deviceDays(teamId, day(now), day(now + 24 * 60 * 60_000));
    const type = await stores.teamTypes.findOf(teamId);
    const { currency } = await stores.platformSettings.read();
    return makeReport({
      month,
      now,
      intervals,
      deviceDays,
      devicesForADay: today.reduce((sum, { days, price }) => sum + (days * (price ?? 0)) / month.days, 0),
      allowance: type?.allowance ?? 0,
      currency,
    });
  }
}

function cell(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text;
}

function rowsOf(team: string, report: UsageReport): string[][] {
  const row = (cells: Array<string | number | null>) =>
    [team, report.month, ...cells, report.currency].map(cell);
  return [
    ...report.instances.map((item) =>
      row([
        item.application,
        'instance',
        item.instance,
        item.type,
        item.price,
        hours(item.seconds),
        '',
        item.amount,
      ]),
    ),
    ...report.devices.map((item) =>
      row([item.application, 'devices', '', '', item.price, '', item.days, item.amount]),
    ),
    row(['', 'allowance', '', '', '', '', '', -Math.min(report.allowance, report.total)]),
    row(['', 'sum', '', '', '', '', '', report.sum]),
  ];
}

function hours(seconds: number): number {
  return Math.round((seconds / 3600) * 100) / 100;
}

import { DEFAULT_PLATFORM_SETTINGS, PlatformSettings } from '@flowyard/protocol';
import type { Knex } from 'knex';

/** Settings of the whole platform, a row for each that differs from its default. */
export class PlatformSettingsStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async read(): Promise<PlatformSettings> {
    const rows = await this.#knex('platform_settings').select<Array<{ name: string; value: string }>>(
      'name',
      'value',
    );
    const stored = Object.fromEntries(
      rows
        .filter(({ name }) => Object.hasOwn(PlatformSettings.shape, name))
        .map(({ name, value }) => [name, JSON.parse(value)]),
    );
    return PlatformSettings.parse({ ...DEFAULT_PLATFORM_SETTINGS, ...stored });
  }

  async write(changes: { [K in keyof PlatformSettings]?: PlatformSettings[K] | undefined }): Promise<void> {
    for (const [name, value] of Object.entries(changes)) {
      if (value !== undefined) {
        await this.#knex('platform_settings')
          .insert({ name, value: JSON.stringify(value) })
          .onConflict('name')
          .merge();
      }
    }
  }
}

import type { BenchOptions } from './options.ts';
import { benchEditorLoad } from './relay/editor-load.ts';
import { benchMessages } from './relay/messages.ts';
import { benchPackageStart } from './relay/package-start.ts';
import type { Row } from './rows.ts';

/** What our packages cost the editor, and messages between flows. */
export async function runRelay(options: BenchOptions): Promise<Row[]> {
  return [
    ...benchPackageStart(options),
    ...(await benchEditorLoad(options)),
    ...(await benchMessages(options)),
  ];
}

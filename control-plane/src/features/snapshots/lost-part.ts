import { AppError } from '../../errors.ts';

/** Tries to mend a part that cannot be read. @returns whether it can be read now */
export type MendPart = (digest: string) => Promise<boolean>;

/** More parts than any snapshot has. */
const MOST_MENDED = 10;

/** A part that is missing from the database, or is not what its name says. */
export class LostPart extends AppError {
  override name = 'LostPart';
  readonly digest: string;

  constructor(digest: string, what: 'missing from' | 'damaged in', owner: string | undefined) {
    const of = owner === undefined ? '' : ` of ${owner}`;
    const advice =
      'No identical copy of it was found. Keep the same content again, for example by a deploy or an upload, or restore a backup.';
    super(500, 'part_lost', `The part ${digest}${of} is ${what} the database. ${advice}`);
    this.digest = digest;
  }
}

/** Does some work again whenever a part that it could not read was mended. */
export async function despiteLostParts<T>(mend: MendPart, work: () => Promise<T>): Promise<T> {
  for (let mended = 0; ; mended++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LostPart) || mended === MOST_MENDED || !(await mend(error.digest))) {
        throw error;
      }
    }
  }
}

import { z } from 'zod';

/** How a device finds out whether a new snapshot is good. A person sets it; each part has a default. */
export const TrialPolicy = z.object({
  /** For how long a new snapshot must run without trouble to be kept. */
  stableSeconds: z.number().min(0).max(3600).default(5),
  /** How long its flows may take to start. */
  startSeconds: z.number().min(1).max(3600).default(120),
  /** Whether modules may run their install scripts. */
  allowScripts: z.boolean().default(false),
  /** A path of the device's Node-RED that must answer with a status from 200 to 299, in so many seconds after the start. */
  probe: z
    .object({ path: z.string().max(500), seconds: z.number().min(1).max(3600).default(30) })
    .nullable()
    .default(null),
});
export type TrialPolicy = z.infer<typeof TrialPolicy>;

export const DEFAULT_TRIAL: TrialPolicy = TrialPolicy.parse({});

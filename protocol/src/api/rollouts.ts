import { z } from 'zod';
import { TimeZone } from '../setting-values.ts';

/** So many targets, that share of all targets, or all that are left. */
export const RolloutWave = z.union([
  z.strictObject({ count: z.number().int().min(1).max(100_000) }),
  z.strictObject({ percent: z.number().gt(0).max(100) }),
  z.literal('rest'),
]);
export type RolloutWave = z.infer<typeof RolloutWave>;

/** How many targets may fail before a run halts: a number, or a share of all its targets. */
export const FailureBudget = z.union([
  z.strictObject({ count: z.number().int().min(0).max(100_000) }),
  z.strictObject({ percent: z.number().min(0).max(100) }),
]);
export type FailureBudget = z.infer<typeof FailureBudget>;

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const Weekday = z.enum(WEEKDAYS);
export type Weekday = z.infer<typeof Weekday>;

const ClockTime = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day like 02:30')
  .max(5);

/**
 * When targets may be told: on these days from one time of day to another. A window that ends before it begins lasts
 * into the next day; one that ends when it begins lasts a day.
 */
export const MaintenanceWindow = z.strictObject({
  days: z.array(Weekday).min(1).max(7),
  from: ClockTime,
  to: ClockTime,
  /** Of targets that have no time zone of their own. */
  timeZone: TimeZone,
});
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;

/** How a push goes to its targets. */
export const RolloutPolicy = z.strictObject({
  /** One after the other; what they leave over is a last wave. Empty: all targets at once. */
  waves: z
    .array(RolloutWave)
    .max(20)
    .refine(
      (waves) => waves.slice(0, -1).every((wave) => wave !== 'rest'),
      '`rest` can only be the last wave',
    ),
  /** So many targets are updated at the same time; null: as many as there are in a wave. */
  concurrency: z.number().int().min(1).max(100_000).nullable(),
  /** For how long a wave must run well before the next one begins. */
  healthSeconds: z.number().int().min(0).max(604_800),
  /** The run halts when more targets fail; null: it goes through whatever happens. */
  failureBudget: FailureBudget.nullable(),
  /** What becomes of a run that halts: the targets that run the snapshot keep it, or all go back. */
  onHalt: z.enum(['stay', 'return']),
  window: MaintenanceWindow.nullable(),
});
export type RolloutPolicy = z.infer<typeof RolloutPolicy>;

/** All at once and as soon as possible, whatever comes of it. */
export const DEFAULT_ROLLOUT: RolloutPolicy = {
  waves: [],
  concurrency: null,
  healthSeconds: 0,
  failureBudget: null,
  onHalt: 'stay',
  window: null,
};

/** Parts of a policy: what is not named stays as it is. */
export const RolloutChanges = RolloutPolicy.partial();
export type RolloutChanges = z.infer<typeof RolloutChanges>;

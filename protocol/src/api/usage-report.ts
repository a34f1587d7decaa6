import { z } from 'zod';
import { Id } from '../names.ts';
import { operation } from '../operation.ts';

const MonthQuery = z.strictObject({
  /** In UTC, for example `2026-11`. */
  month: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'is not a month such as 2026-11'),
});

export const UsageReport = z.object({
  month: z.string(),
  /** As the platform writes it; empty when it says none. */
  currency: z.string(),
  /** A row for each instance, and another one when its application, type or price changed. */
  instances: z.array(
    z.object({
      instanceId: Id,
      instance: z.string(),
      applicationId: Id,
      application: z.string(),
      type: z.string(),
      /** For a month; null is none. */
      price: z.number().nullable(),
      /** How long it ran. */
      seconds: z.number().int(),
      amount: z.number(),
    }),
  ),
  /** By application; null for devices that are in none. */
  devices: z.array(
    z.object({
      applicationId: Id.nullable(),
      application: z.string().nullable(),
      price: z.number().nullable(),
      /** One for each device and day on which it was there. */
      days: z.number().int(),
      amount: z.number(),
    }),
  ),
  total: z.number(),
  /** How much is free. */
  allowance: z.number(),
  /** The total without what is free. */
  sum: z.number(),
  /** The sum at the end of the month when all stays as it is now; null unless the month is under way. */
  estimate: z.number().nullable(),
});
export type UsageReport = z.infer<typeof UsageReport>;

export const getTeamUsageReport = operation('getTeamUsageReport', {
  method: 'GET',
  path: '/teams/:id/usage-report',
  summary: 'How long the instances of a team ran in a month, its devices, and what that costs',
  params: z.strictObject({ id: Id }),
  query: MonthQuery,
  response: UsageReport,
});

export const exportTeamUsageReport = operation('exportTeamUsageReport', {
  method: 'GET',
  path: '/teams/:id/usage-report.csv',
  summary: 'The usage report of a team as CSV',
  params: z.strictObject({ id: Id }),
  query: MonthQuery,
  response: z.string(),
  contentType: 'text/csv',
});

export const exportUsageReports = operation('exportUsageReports', {
  method: 'GET',
  path: '/usage-report.csv',
  summary: 'The usage reports of all teams as CSV',
  query: MonthQuery,
  response: z.string(),
  contentType: 'text/csv',
});

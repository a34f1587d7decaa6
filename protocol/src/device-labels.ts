import { z } from 'zod';

/** A plain word, or a key and a value. */
export const DeviceLabel = z
  .string()
  .trim()
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._/-]{0,62}(?:=[\p{L}\p{N}._/:-]{1,62})?$/u,
    'must be a word such as spare, or key=value such as line=3: letters, digits and . _ - /',
  );

const MAX_LABELS = 30;
const MAX_RULE = 10;

function isWithoutDoubles(labels: readonly string[]): boolean {
  const keys = labels.map((label) => label.split('=', 1)[0]);
  return new Set(keys).size === keys.length;
}

/** Labels of a device: each key once. */
export const DeviceLabels = z
  .array(DeviceLabel)
  .max(MAX_LABELS, `must have at most ${MAX_LABELS} labels`)
  .refine(isWithoutDoubles, 'must have each key once');

/** A device belongs to a group with a rule when it has all of these labels. */
export const LabelRule = z
  .array(DeviceLabel)
  .min(1, 'must name a label at least')
  .max(MAX_RULE, `must have at most ${MAX_RULE} labels`)
  .refine(isWithoutDoubles, 'must have each key once');

/** Labels with commas between them, in addresses. */
export const LabelList = z
  .string()
  .max(700)
  .refine((text) => LabelRule.safeParse(text.split(',')).success, 'must be labels with commas between them');

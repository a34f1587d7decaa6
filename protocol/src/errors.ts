import { z } from 'zod';

/** The body of every answer that is not a success. `message` says what to do; `details` names the fields. */
export const ErrorBody = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
});
export type ErrorBody = z.infer<typeof ErrorBody>;

/** One field that does not fit, in `details.fields`. */
export interface FieldError {
  field: string;
  message: string;
}

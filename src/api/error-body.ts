import { z } from 'zod';
import { ERROR_CODES } from '../errors.ts';

/** How every failed request is answered, and how every failed command speaks to scripts. */
export const errorBody = z.object({
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    hint: z.string().nullable(),
    exit_code: z.int(),
    diagnostics: z.array(z.record(z.string(), z.unknown())).optional(),
    request_id: z.string().optional(),
  }),
});

export type ErrorBody = z.infer<typeof errorBody>;

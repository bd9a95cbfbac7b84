import { z } from 'zod';
import { PARTS } from '../compare/compare.ts';
import { experimentRef } from './contract.ts';

/** `POST /v1/experiments/compare`: what differs between some experiments. */
export const comparison = z.object({
  ids: z.array(experimentRef).min(2).max(1000),
  /** Of two: the changed text files as a patch. */
  patch: z.boolean().default(false),
});

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const compared = z.object({
  experiments: z.array(z.uuid()),
  differences: z.array(z.object({ part: z.enum(PARTS), name: z.string(), values: z.array(cell) })),
  /** Files of the code that are not the same in all of them; null: those of one are not here any more. */
  files: z
    .array(
      z.object({
        path: z.string(),
        change: z.enum(['added', 'removed', 'changed']),
        present: z.array(z.boolean()),
      }),
    )
    .nullable(),
  /** What differs in text files, as a unified diff; null unless it was asked for. */
  patch: z.string().nullable(),
});

export type Comparison = z.infer<typeof comparison>;
export type ComparisonInput = z.input<typeof comparison>;
export type Compared = z.infer<typeof compared>;

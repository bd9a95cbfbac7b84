import { z } from 'zod';
import { STEPS } from '../../experiment/status.ts';
import { logQuery, oneLine } from '../contract.ts';

/** What a view of a log asks for beside its lines. */

const sourceFilter = logQuery.pick({ pod: true, type: true, step: true, attempt: true });

/** `GET /v1/experiments/:ref/logs/outline`. */
export const outlineQuery = sourceFilter.extend({
  /** The sequence of a line whose place is asked for. */
  at: z.coerce.number().int().min(0).optional(),
});

export const logOutline = z.object({
  /** Lines that the query lets through now. */
  lines: z.int(),
  /** Sequence of the last line of all. */
  last_sequence: z.int(),
  /** Whether lines may still come: it runs, or has ended and the last of its log is being read. */
  is_coming: z.boolean(),
  /** How many of the lines come before `at`; null: it was not given. */
  position: z.int().nullable(),
  /** Everything that lines come from, whatever the query is. */
  sources: z.array(
    z.object({
      step: z.enum(STEPS),
      pod: z.string().nullable(),
      attempt: z.int(),
      stream: z.enum(['stdout', 'stderr']).nullable(),
      lines: z.int(),
    }),
  ),
});

/** `GET /v1/experiments/:ref/logs/matches`. */
export const matchesQuery = sourceFilter.extend({
  /** Small letters stand for large ones too; a text with a large one is taken as it is. */
  text: oneLine,
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
});

export const logMatches = z.object({
  matches: z.array(
    z.object({
      sequence: z.int(),
      /** How many of the lines that the query lets through come before it. */
      position: z.int(),
    }),
  ),
  /** Whether these are all. */
  is_whole: z.boolean(),
});

export type OutlineQuery = z.infer<typeof outlineQuery>;
export type LogOutlineAnswer = z.infer<typeof logOutline>;
export type MatchesQuery = z.infer<typeof matchesQuery>;
export type LogMatches = z.infer<typeof logMatches>;

import type { ErrorCode } from './errors.ts';

/** What a command exits with (contract 4). Several ids: the largest code of all of them. */
export const EXIT_CODES = {
  internal: 1,
  usage: 2,
  manifest_invalid: 3,
  repository_invalid: 3,
  unauthenticated: 4,
  forbidden: 4,
  not_found: 5,
  ambiguous: 5,
  conflict: 6,
  too_large: 6,
  events_gone: 6,
  server_unreachable: 7,
  server_error: 7,
  engine_unavailable: 7,
  experiment_failed: 8,
  experiment_cancelled: 9,
  timeout: 124,
  interrupted: 130,
} as const satisfies Record<ErrorCode, number>;

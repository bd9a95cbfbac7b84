import { HTTPException } from 'hono/http-exception';
import type { ErrorBody } from '../../api/error-body.ts';
import { isDiskUnwritable } from '../../base/io/disk-full.ts';
import { AichorError, isAichorError, type ErrorCode } from '../../errors.ts';
import { EXIT_CODES } from '../../exit-codes.ts';
import { isBusy, isDamagedDatabase, isDiskTrouble } from '../store/database.ts';
import { damagedDatabase } from '../store/damage/lost.ts';
import { UnknownMedia } from './json-body.ts';

/** The HTTP status of every error code. */
export const HTTP_STATUS = {
  usage: 400,
  manifest_invalid: 422,
  repository_invalid: 422,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  ambiguous: 409,
  conflict: 409,
  too_large: 413,
  events_gone: 410,
  server_unreachable: 503,
  server_error: 500,
  engine_unavailable: 422,
  experiment_failed: 409,
  experiment_cancelled: 409,
  timeout: 408,
  interrupted: 503,
  internal: 500,
} as const satisfies Record<ErrorCode, number>;

/** What was thrown, as clients get it. Bugs keep their details for the log: the request's id finds them there. */
export function errorResponse(
  thrown: unknown,
  requestId: string,
): { body: ErrorBody; status: (typeof HTTP_STATUS)[ErrorCode] | 415 } {
  const said = actionable(thrown);
  const { code, message, hint, diagnostics } = said;
  const error = { code, message, hint, exit_code: EXIT_CODES[code], request_id: requestId };
  const findings = diagnostics?.map((diagnostic) => ({ ...diagnostic }));
  return {
    body: { error: findings === undefined ? error : { ...error, diagnostics: findings } },
    status: said instanceof UnknownMedia ? 415 : HTTP_STATUS[code],
  };
}

/** Whether it is a bug, or at least something that nobody expected: worth a line with a stack in the log. */
export function isUnexpected(thrown: unknown): boolean {
  return !isAichorError(thrown) && !isMalformed(thrown);
}

function actionable(thrown: unknown): AichorError {
  if (isAichorError(thrown)) return thrown;
  if (isMalformed(thrown)) {
    return new AichorError('usage', 'the body of the request is not valid JSON', {
      hint: "send what the server's /v1/openapi.json describes",
    });
  }
  if (isDiskTrouble(thrown) || isDiskUnwritable(thrown)) {
    return new AichorError(
      'server_error',
      'the disk of the control plane is full or does not take what is written',
      {
        hint: 'free some room (aichor experiments prune, or the environments of the state folder), then repeat the command',
      },
    );
  }
  if (isBusy(thrown)) {
    return new AichorError('server_error', 'another program holds the database of the control plane', {
      hint: 'end what has opened control-plane.sqlite (sqlite3, a copy that is being made), then repeat the command',
    });
  }
  if (isDamagedDatabase(thrown)) return damagedDatabase('of the control plane', thrown);
  return new AichorError('internal', 'the control plane failed at this request', {
    hint: 'aichor server logs has the details; please report them',
  });
}

/** What the framework throws for a body that it cannot parse. */
function isMalformed(thrown: unknown): boolean {
  return thrown instanceof HTTPException && thrown.status === 400;
}

import { isDiskFull } from '../../base/io/disk-full.ts';
import { isAichorError, type ErrorCode } from '../../errors.ts';
import { BuildFailure, ExperimentFailure } from '../../experiment/failure/failure.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import type { Reason, Step } from '../../experiment/status.ts';
import { MAKES_ROOM } from './room.ts';

type FailureFact = Extract<ExperimentFact, { type: 'failure' }>;

/** What something that was thrown on the way through the steps means for the experiment: where that happened to which. */
export function failureOf(error: unknown, { step, id }: { step: Step; id: string }): FailureFact {
  if (error instanceof ExperimentFailure)
    return { type: 'failure', reason: error.reason, explanation: error.message };
  if (isAichorError(error)) {
    const log =
      error instanceof BuildFailure
        ? `the whole output: aichor experiments logs ${id.slice(0, 8)} --step build`
        : null;
    const explanation = [error.message, error.hint, log].filter((part) => part !== null).join('; ');
    return { type: 'failure', reason: reasonOf(error.code, step), explanation };
  }
  if (isDiskFull(error)) {
    return {
      type: 'failure',
      reason: 'DiskFull',
      explanation: `there was no room left on the disk at ${step}; ${MAKES_ROOM}; then resubmit`,
    };
  }
  return {
    type: 'failure',
    reason: 'EngineLost',
    explanation: `an error inside aichor ended it at ${step}; aichor server logs has the details`,
  };
}

function reasonOf(code: ErrorCode, step: Step): Reason {
  if (code === 'engine_unavailable') return 'EngineUnavailable';
  if (code === 'manifest_invalid') return 'ManifestInvalid';
  if (code === 'repository_invalid') return 'RepositoryInvalid';
  if (step === 'wait' || step === 'clone') return 'CloneFailed';
  return step === 'build' ? 'BuildFailed' : 'StartFailed';
}

import { AichorError } from '../../errors.ts';
import type { Explanation } from './explain.ts';
import type { Reason } from '../status.ts';

/** Ends an experiment with a reason of its own, where a step cannot go on. Its message is the explanation. */
export class ExperimentFailure extends Error {
  readonly reason: Reason;

  constructor({ reason, explanation }: Explanation, options?: ErrorOptions) {
    super(explanation, options);
    this.name = 'ExperimentFailure';
    this.reason = reason;
  }
}

/**
 * A command of the build ended badly, and the log of the step has what it printed: whoever tells of it, and knows which
 * experiment it is, says how that log is read.
 */
export class BuildFailure extends AichorError {
  constructor(message: string, options?: { hint: string }) {
    super('experiment_failed', message, options);
  }
}

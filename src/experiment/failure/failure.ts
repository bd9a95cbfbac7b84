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

import type { AichorError } from '../../errors.ts';

/**
 * A command that did its work and whose exit code tells the result (contract 3, point 5): the document goes to
 * stdout, the error to stderr, and the error's code decides the exit code.
 */
export class Verdict<T> {
  readonly document: T;
  readonly error: AichorError;

  constructor(document: T, error: AichorError) {
    this.document = document;
    this.error = error;
  }
}

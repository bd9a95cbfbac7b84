import type { Notice } from '../../../experiment/record.ts';

/** How one reading of a container's log ended. */
export type ReadingEnd =
  /** The kubelet ended it; `message`: with words of its own, which are no lines of the log. */
  | { kind: 'ended'; message: string | null }
  /** The API server has no such pod or container, or no log of it. */
  | { kind: 'refused'; message: string }
  /** Not allowed, or no credentials. */
  | { kind: 'forbidden'; message: string }
  /** No answer, or none to the end. */
  | { kind: 'broken'; message: string }
  /** Nothing came for long. */
  | { kind: 'silent' }
  /** It could not be written down. */
  | { kind: 'unkept'; message: string }
  /** The place where it was to go on was not found by counting lines. */
  | { kind: 'misaligned' };

export interface ReadingFacts {
  /** The container had ended before this reading began: its end is the log's. */
  final: boolean;
  /** Lines came. */
  began: boolean;
  /** The reading before this one ended as it should. */
  wasWhole: boolean;
}

export type NextStep =
  /** All was read (`missing` null), or why the end may be missing. */
  | { step: 'done'; missing: string | null }
  | { step: 'again'; pause: boolean; seek: boolean; wasWhole: boolean };

/** What follows a reading. What a message says decides nothing. */
export function nextStep(end: ReadingEnd, { final, began, wasWhole }: ReadingFacts): NextStep {
  const again = { step: 'again', pause: true, seek: false, wasWhole: false } as const;
  switch (end.kind) {
    case 'ended':
      if (!final) return { ...again, wasWhole: end.message === null };
      // Words and no line: there is nothing to read any more. The reading before may have had it all.
      return { step: 'done', missing: wasWhole && !began ? null : end.message };
    case 'refused':
      return final ? { step: 'done', missing: wasWhole ? null : end.message } : { ...again, wasWhole };
    case 'misaligned':
      return { ...again, pause: false, seek: true };
    case 'silent':
      return again;
    default:
      return { ...again, wasWhole: wasWhole && !began };
  }
}

/** What is wrong with more than one log, and may be for longer. */
export function problemOf(end: ReadingEnd): Notice | null {
  if (end.kind === 'forbidden')
    return { code: 'logs_unreadable', message: `logs of pods cannot be read: ${end.message}` };
  if (end.kind !== 'unkept') return null;
  return { code: 'logs_unkept', message: `logs of pods cannot be written down: ${end.message}` };
}

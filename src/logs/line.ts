import type { Step } from '../experiment/status.ts';

/** One line of one stream, as `experiments logs` prints it. */
export interface LogLine {
  /** Counts from 1 over the whole experiment, without gaps; of a line that is still open: that of the line before. */
  sequence: number;
  /** When it was read: ISO 8601 UTC with milliseconds. */
  time: string;
  step: Step;
  /** Name of the pod; null for the steps before `run`. */
  pod: string | null;
  attempt: number;
  stream: Stream | null;
  text: string;
  /** True for every part but the last of a line above 1 MiB, and for a line that is still open. */
  partial: boolean;
}

export type Stream = 'stdout' | 'stderr';

/** Where a line's bytes come from: one file of bytes per source. */
export interface LogSource {
  step: Step;
  pod: string | null;
  /** Counts from 1; 1 for the steps before `run`. */
  attempt: number;
  stream: Stream | null;
}

/** Longest line that is given out whole, in bytes. */
export const LINE_LIMIT = 1 << 20;

/** Bytes at the end of an open line that followers are told. */
export const OPEN_LIMIT = 8 * 1024;

/**
 * Whether this is the present state of a line that has not ended (a progress bar), which only followers are told and
 * nobody keeps: the line comes with a number of its own when it ends. Parts of long lines are longer than any such.
 */
export function isOpenLine({ partial, text }: Pick<LogLine, 'partial' | 'text'>): boolean {
  return partial && text.length <= OPEN_LIMIT;
}

/** Which lines a reader wants; every given condition must hold. */
export interface LogFilter {
  /** Only lines with a larger sequence. */
  after?: number;
  /** Only lines with a smaller sequence; `tail` counts back from there. */
  before?: number;
  pod?: string;
  /** A group's name: all pods whose type it is. */
  type?: string;
  step?: Step;
  attempt?: number;
  /** ISO time: only lines read at or after it. */
  since?: string;
  /** ISO time: only lines read before it; `tail` counts back from there. */
  until?: string;
  /** The last N lines of each pod. */
  tail?: number;
  /** Only lines that hold this text: small letters stand for large ones too, a text with a large one is taken as it is. */
  grep?: string;
  /** Of what all that leaves: so many lines are passed over… */
  offset?: number;
  /** …and no more than so many given out. */
  limit?: number;
  /** The sequence that `tail` is counted back from; later lines are all wanted. Default: the newest line. */
  tail_at?: number;
}

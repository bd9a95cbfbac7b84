import type { Step } from '../experiment/status.ts';

/** One line of one stream, as `experiments logs` prints it. */
export interface LogLine {
  /** Counts from 1 over the whole experiment, without gaps. */
  sequence: number;
  /** When it was read: ISO 8601 UTC with milliseconds. */
  time: string;
  step: Step;
  /** Null for the steps before `run`. */
  pod: string | null;
  attempt: number;
  stream: Stream | null;
  text: string;
  /** True for every part but the last of a line above 1 MiB. */
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

/** Which lines a reader wants; every given condition must hold. */
export interface LogFilter {
  /** Only lines with a larger sequence. */
  after?: number;
  pod?: string;
  /** A group's name: all pods whose type it is. */
  type?: string;
  step?: Step;
  attempt?: number;
  /** ISO time: only lines read at or after it. */
  since?: string;
  /** The last N lines of each pod. */
  tail?: number;
  /** The sequence that `tail` is counted back from; later lines are all wanted. Default: the newest line. */
  tail_at?: number;
}

import type { OperatorName } from '../../operators/table.ts';
import type { Plan } from '../plan/plan.ts';
import type { Explanation } from './explain.ts';
import type { RanRepository } from './repository-failure.ts';

/** A pod that failed by itself, and what was seen around it. */
export interface FrameworkEnd {
  operator: OperatorName;
  /** Id of its experiment. */
  experiment: string;
  pod: string;
  rank: number;
  /** Exit code, 128 + n for signal n; null: it was killed from outside, together with what knew its code. */
  code: number | null;
  /** The last lines it printed, both streams. */
  tail: string;
  /** Ranks that still ran when it ended, in order. */
  running: readonly number[];
  /** Ranks that had ended well before. */
  finished: readonly number[];
  /** The last line on its standard error; null: nothing, or the streams cannot be told apart. */
  complaint?: string | null;
  /** The port that the experiment has for rank 0 to listen on, where its pods share a machine; null: unknown, or none. */
  port?: number | null;
  /** Other ranks that failed too or ran on, with the error that each printed last, if any. */
  peers?: readonly Peer[];
  /** The program that runs instead of the command while somebody debugs; null or absent: nobody does. */
  debugging?: DebuggedWith | null;
  /** Absent: nothing is known of it here. */
  repository?: RanRepository | undefined;
}

/** The program that somebody debugs with. */
export interface DebuggedWith {
  mode: 'vscode' | 'jupyter';
  path: string;
}

export interface Peer {
  rank: number;
  pod: string;
  error: string | null;
}

/** What the plan has instead of its command; null: its command. */
export function debuggedWith({ debug }: Pick<Plan, 'debug'>): DebuggedWith | null {
  if (debug.vscode !== null) return { mode: 'vscode', path: debug.vscode.path };
  return debug.jupyter === null ? null : { mode: 'jupyter', path: debug.jupyter.path };
}

/** It waited in vain. */
export function waited({ pod, rank }: FrameworkEnd, what: string): string {
  return `${pod} (rank ${rank}) waited for the others in ${what} and gave up`;
}

/** For whom, as far as that is known. */
export function whoIsMissing({ finished, running, peers = [] }: FrameworkEnd): string {
  if (finished.length > 0)
    return `: ${ranks(finished)} had ended already, with code 0; every rank has to take part`;
  const cause = peers.find(({ error }) => error !== null);
  if (cause !== undefined) return `: rank ${cause.rank} (${cause.pod}) failed with ${cause.error}`;
  if (running.length === 1)
    return `: ${ranks(running)} never came, or went away; its log says how far it was`;
  if (running.length > 0)
    return `: one of ${ranks(running)} never came, or went away; the log of each says how far it was`;
  return '; the logs of the others say how far they were';
}

export function reasonOf(end: FrameworkEnd): Explanation['reason'] {
  return signalled(end) ? 'Killed' : 'NonZeroExit';
}

export function signalled({ code }: FrameworkEnd): boolean {
  return code === null || (code > 128 && code <= 192);
}

export function howOf({ code }: FrameworkEnd): string {
  if (code === null) return 'was killed from outside';
  return code > 128 && code <= 192 ? `was killed by signal ${code - 128}` : `ended with code ${code}`;
}

/** "rank 2", "ranks 0, 1 and 3"; of many, how many. */
export function ranks(all: readonly number[]): string {
  if (all.length > 8) return `${all.length} other ranks`;
  const last = all.at(-1);
  if (all.length <= 1) return `rank ${last}`;
  return `ranks ${all.slice(0, -1).join(', ')} and ${last}`;
}

import type { OperatorName } from '../operators/name.ts';
import { logSays, type Explanation } from './explain.ts';

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
}

interface Rule {
  operators: readonly OperatorName[] | 'all';
  /** What stands in the output; its groups are given to `says`. */
  shows: RegExp;
  says: (end: FrameworkEnd, found: RegExpExecArray) => string;
}

/** What a rank waits in, by framework. */
const WAITS_IN: Partial<Record<OperatorName, string>> = {
  jax: 'jax.distributed.initialize or a collective',
  pytorch: 'init_process_group or a collective',
  xgboost: 'the tracker or a collective',
};

const DISTRIBUTED = ['jax', 'pytorch', 'xgboost'] as const;

/**
 * What frameworks print when something ends them, in the order in which it is looked for: a cause in the pod itself
 * before the signs that it waited for another. Texts of jax 0.10, torch 1.13 to 2.15, xgboost 1.7 to 3.2, Ray 2.23.
 */
const RULES: readonly Rule[] = [
  {
    operators: 'all',
    shows: /ModuleNotFoundError: No module named '([^']+)'/,
    says: ({ pod }, [, module = '']) =>
      `${pod} imports ${module}, which the Python environment does not have; add the package to the project's dependencies (pyproject.toml, requirements.txt or the Dockerfile's install line), or the folder it is in to PYTHONPATH`,
  },
  {
    operators: 'all',
    shows:
      /(?:OutOfMemoryError: CUDA out of memory|RESOURCE_EXHAUSTED: Out of memory|CUDA_ERROR_OUT_OF_MEMORY)/,
    says: ({ pod }) =>
      `${pod} used up the memory of its GPU; make the batch or the model smaller, or divide it among more GPUs`,
  },
  {
    operators: ['kuberay'],
    shows: /(?:ray\.exceptions\.OutOfMemoryError|killed due to the node running low on memory)/,
    says: ({ pod }) =>
      `Ray ended tasks of the command (${pod}) because the machine was short of memory; run fewer at a time (num_cpus of the task), or give them less to hold`,
  },
  {
    operators: 'all',
    shows: /^(?:numpy\.\S*)?MemoryError\b/m,
    says: ({ pod }) =>
      `${pod} was refused more memory by the system (MemoryError); give it less to hold at once`,
  },
  {
    operators: ['jax'],
    shows: /Failed to add port to server/,
    says: ({ pod }) =>
      `${pod} (rank 0) could not listen on the coordinator's port: another process has it; take the address from JAXOPERATOR_COORDINATOR_ADDRESS instead of a fixed port, or end the other process`,
  },
  {
    operators: ['pytorch'],
    shows: /server socket has failed to listen|errno: 98 - Address already in use|EADDRINUSE/,
    says: ({ pod, rank }) =>
      `${pod} (rank ${rank}) could not listen on its port: another process has it; take the port from MASTER_PORT instead of a fixed one, or end the other process`,
  },
  {
    operators: ['xgboost'],
    shows: /Failed to bind socket/,
    says: ({ pod, rank }) =>
      `${pod} (rank ${rank}) could not start the tracker: another process has its port; take it from MASTER_PORT instead of a fixed one, or end the other process`,
  },
  {
    operators: ['kuberay'],
    shows: /Failed to start GCS/,
    says: ({ pod }) =>
      `${pod} could not start Ray's GCS: another process took its port meanwhile; submit again`,
  },
  {
    operators: ['kuberay'],
    shows: /current node timed out during startup/,
    says: ({ pod }) =>
      `${pod}: this Ray node did not come up in time; the machine is too busy, or other processes have its ports: run fewer experiments at a time, and submit again`,
  },
  {
    operators: ['jax'],
    shows: /Multiprocess computations aren't implemented on the CPU backend/,
    says: ({ pod }) =>
      `${pod}: this version of JAX has no collectives on the CPU unless told so; upgrade jax to 0.5 or later, or call jax.config.update("jax_cpu_collectives_implementation", "gloo") before jax.distributed.initialize`,
  },
  {
    operators: ['jax'],
    shows: /DEADLINE_EXCEEDED[\s\S]*RegisterTask|Barrier timed out|DEADLINE_EXCEEDED/,
    says: (end) => `${waited(end, 'jax.distributed.initialize')}${whoIsMissing(end)}`,
  },
  {
    operators: ['jax'],
    shows: /stopped sending heartbeats|Failed to send RPC to coordination service|detected fatal errors/,
    says: (end) => `${end.pod} (rank ${end.rank}) lost another rank while it ran${whoIsMissing(end)}`,
  },
  {
    operators: ['pytorch'],
    shows:
      /Socket Timeout|client socket has timed out|Timed out (?:waiting|initializing process group)|DistStoreError|wait timeout after/,
    says: (end) => `${waited(end, 'init_process_group or a collective')}${whoIsMissing(end)}`,
  },
  {
    operators: ['pytorch'],
    shows:
      /gloo\S*pair\.cc.*(?:Connection (?:reset|closed) by peer|Read error)|Connection (?:reset|closed) by peer/,
    says: (end) => `${end.pod} (rank ${end.rank}) lost the connection to another rank${whoIsMissing(end)}`,
  },
  {
    operators: ['xgboost'],
    shows:
      /Failed to bootstrap the communication group|Failed to accept connection|Invalid polling request|Failed to connect to/,
    says: (end) => `${waited(end, 'the tracker')}${whoIsMissing(end)}`,
  },
];

/**
 * What the end of a pod means in the terms of its framework, null when nothing more can be said than its exit code
 * says. Pure: everything it says was observed.
 */
export function explainInFramework(end: FrameworkEnd): Explanation | null {
  const tail = end.tail.replace(COLOURS, '');
  for (const { operators, shows, says } of RULES) {
    if (operators !== 'all' && !operators.includes(end.operator)) continue;
    const found = shows.exec(tail);
    if (found !== null) return { reason: reasonOf(end), explanation: says(end, found) };
  }
  const isRank = DISTRIBUTED.some((name) => name === end.operator);
  if (!isRank || end.running.length === 0 || end.code === 126 || end.code === 127) return null;
  const error = lastError(tail);
  const others = `while ${ranks(end.running)} ran on, which can only wait for it in ${WAITS_IN[end.operator]}`;
  const why = error === null ? logSays(end.experiment, end.pod) : error;
  return {
    reason: reasonOf(end),
    explanation: `rank ${end.rank} (${end.pod}) ${howOf(end)} ${others}; ${why}`,
  };
}

const COLOURS = /\u001b\[[0-9;]*m/g;
const LONGEST_ERROR = 300;

/** The last line that names an exception, as Python prints it. */
function lastError(tail: string): string | null {
  const line = tail.split('\n').findLast((each) => /^(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt)\b/.test(each)); // prettier-ignore
  if (line === undefined) return null;
  return line.length <= LONGEST_ERROR ? line : `${line.slice(0, LONGEST_ERROR - 1)}…`;
}

function waited({ pod, rank }: FrameworkEnd, what: string): string {
  return `${pod} (rank ${rank}) waited for the others in ${what} and gave up`;
}

function whoIsMissing({ finished, running }: FrameworkEnd): string {
  if (finished.length > 0)
    return `: ${ranks(finished)} had ended already, with code 0; every rank has to take part`;
  if (running.length > 0)
    return `: one of ${ranks(running)} never came, or went away; the log of each says how far it was`;
  return '; the logs of the others say how far they were';
}

function reasonOf(end: FrameworkEnd): Explanation['reason'] {
  return signalled(end) ? 'Killed' : 'NonZeroExit';
}

function signalled({ code }: FrameworkEnd): boolean {
  return code === null || (code > 128 && code <= 192);
}

function howOf({ code }: FrameworkEnd): string {
  if (code === null) return 'was killed from outside';
  return code > 128 && code <= 192 ? `was killed by signal ${code - 128}` : `ended with code ${code}`;
}

/** "rank 2", "ranks 0, 1 and 3"; of many, how many. */
function ranks(all: readonly number[]): string {
  if (all.length > 8) return `${all.length} other ranks`;
  const last = all.at(-1);
  if (all.length <= 1) return `rank ${last}`;
  return `ranks ${all.slice(0, -1).join(', ')} and ${last}`;
}

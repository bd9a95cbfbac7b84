import type { Group } from '../plan/plan.ts';
import type { Reason } from '../status.ts';

/** How a pod ended, as far as an engine saw it. */
export type PodEnd =
  /** Its command ended with this code (128 + n for signal n). */
  | { how: 'exited'; code: number }
  /** It was gone without anybody having seen an exit code. */
  | { how: 'vanished' }
  /** It could not be started. `detail`: what the system said. */
  | { how: 'not-started'; detail: string; disk_full: boolean };

export interface PodEvidence {
  /** The kernel (a counter, its log) or the cluster says so; never guessed from a code. */
  out_of_memory: boolean;
  peak_memory_bytes: number | null;
}

export interface EndedPod {
  /** Id of its experiment. */
  experiment: string;
  pod: string;
  group: Pick<Group, 'name' | 'role' | 'resources'>;
  end: PodEnd;
  evidence: PodEvidence;
}

export interface Explanation {
  reason: Reason;
  /** Which pod, what happened, what to change. */
  explanation: string;
}

const SIGNAL_NAMES: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
};

/** Reason and sentence for a pod that failed by itself (contract 5). Pure: everything it says was observed. */
export function explainPodEnd({ experiment, pod, group, end, evidence }: EndedPod): Explanation {
  if (evidence.out_of_memory) {
    const code = end.how === 'exited' ? ` (exit ${end.code})` : '';
    const asked = `it asked for ${group.resources.memory_gb} GB`;
    return {
      reason: 'OutOfMemory',
      explanation: `${pod} ran out of memory${code}: ${asked}; raise ${manifestPath(group)}.resources.memory`,
    };
  }
  if (end.how === 'vanished') {
    return {
      reason: 'Killed',
      explanation: `${pod} was killed from outside, its exit code is unknown${memoryUse(group, evidence)}`,
    };
  }
  if (end.how === 'not-started') return explainNotStarted(pod, end);
  return explainExit({ experiment, pod, code: end.code, memory: memoryUse(group, evidence) });
}

/** Where to look, as it can be typed, also after other experiments have come. */
export function logSays(experiment: string, pod: string): string {
  return `its log says why: aichor experiments logs ${experiment.slice(0, 8)} --pod ${pod}`;
}

function explainNotStarted(pod: string, end: Extract<PodEnd, { how: 'not-started' }>): Explanation {
  if (end.disk_full) {
    return {
      reason: 'DiskFull',
      explanation: `${pod} could not be started: the disk is full (${end.detail}); make room and resubmit`,
    };
  }
  return { reason: 'StartFailed', explanation: `${pod} could not be started: ${end.detail}` };
}

interface Exit {
  experiment: string;
  pod: string;
  code: number;
  memory: string;
}

function explainExit({ experiment, pod, code, memory }: Exit): Explanation {
  if (code === 127) {
    const cure = 'check spec.command and that what it calls is installed in the environment';
    return { reason: 'CommandNotFound', explanation: `${pod}: a command was not found (exit 127); ${cure}` };
  }
  if (code === 126) {
    const cure = 'check spec.command, and the execute bit or first line of the file';
    return {
      reason: 'CommandNotExecutable',
      explanation: `${pod}: a command cannot be executed (exit 126); ${cure}`,
    };
  }
  const signal = signalOf(code);
  if (signal === null) {
    return {
      reason: 'NonZeroExit',
      explanation: `${pod} exited with code ${code}; ${logSays(experiment, pod)}`,
    };
  }
  return { reason: 'Killed', explanation: `${pod} was ${killedBy(signal)}${signal === 9 ? memory : ''}` };
}

/** `killed by signal 6 (SIGABRT)`. */
export function killedBy(signal: number): string {
  const name = SIGNAL_NAMES[signal];
  return `killed by signal ${signal}${name ? ` (${name})` : ''}`;
}

/** Shells report death by signal n as 128 + n; there are 64 signals. */
export function signalOf(code: number): number | null {
  return code > 128 && code <= 192 ? code - 128 : null;
}

/** The end of an experiment whose pods were all recreated as often as it may be. */
export function explainExhausted(last: Explanation, attempts: number): Explanation {
  if (attempts === 1) return last;
  const explanation = `${last.explanation} (attempt ${attempts} of ${attempts}; spec.restartPolicy.backoffLimit is ${attempts - 1})`;
  return { reason: 'BackoffLimitExceeded', explanation };
}

export function explainDeadline(timeoutS: number): Explanation {
  return {
    reason: 'DeadlineExceeded',
    explanation: `ran longer than spec.timeout (${timeoutS} s); raise it, or make the run shorter`,
  };
}

/** Where the manifest says what this group's pods ask for. */
export function manifestPath({ name, role }: EndedPod['group']): string {
  if (role === 'head') return 'spec.types.Head';
  return role === 'worker-group' ? `spec.types.Workers (${name})` : `spec.types.${name}`;
}

/** "; peak 7.9 of 8 GB asked", or what is known of it. */
function memoryUse({ resources }: EndedPod['group'], { peak_memory_bytes: peak }: PodEvidence): string {
  if (peak === null) return `; it asked for ${resources.memory_gb} GB`;
  const used = peak / 2 ** 30;
  const shown = used >= 0.1 ? used.toFixed(1) : used.toFixed(3);
  return `; peak ${shown} of ${resources.memory_gb} GB asked`;
}

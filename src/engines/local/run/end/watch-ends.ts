import { errorAtItsEnd } from '../../../../experiment/failure/framework-failure.ts';
import { OPERATORS } from '../../../../operators/table.ts';
import type { RunContext } from '../../../engine.ts';
import type { FactQueue } from '../../../facts.ts';
import { lastOutput } from '../../../last-output.ts';
import type { LogPump } from '../../pod/log-pump.ts';
import type { LivePod } from '../../pod/pod.ts';

/** Looks after which an error that nothing has followed counts as a rank's last word. */
const SILENT_LOOKS = 3;

/** Tells of ranks that have failed and cannot end, because they wait for the others, which wait for them. */
export interface EndWatch {
  /** At each slow look. */
  look(): Promise<void>;
}

export function watchEnds(
  pods: readonly LivePod[],
  {
    context,
    logs,
    facts,
  }: {
    context: Pick<RunContext, 'plan' | 'secrets'>;
    logs: Pick<LogPump, 'open'>;
    facts: Pick<FactQueue, 'push'>;
  },
): EndWatch {
  const { operator } = context.plan;
  const seen = new Map<LivePod, { error: string; looks: number }>();
  if (OPERATORS[operator].ranksWaitIn === null || pods.length === 1) return { look: async () => undefined };

  async function lookAt(pod: LivePod): Promise<void> {
    const source = pod.logs.find(({ stream }) => stream === 'stderr');
    if (source === undefined) return;
    const error = errorAtItsEnd(operator, await lastOutput([await logs.open(source)], context.secrets));
    if (error === null) return void seen.delete(pod);
    const before = seen.get(pod);
    const looks = before?.error === error ? before.looks + 1 : 1;
    seen.set(pod, { error, looks });
    if (looks !== SILENT_LOOKS) return;
    facts.push({ type: 'progress', message: `${pod.name} printed ${error} and waits at its end` });
  }

  return {
    async look() {
      for (const pod of pods) if (pod.phase === 'live' && pod.identity !== null) await lookAt(pod);
    },
  };
}

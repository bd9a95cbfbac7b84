import { aborted } from '../../base/async/abort.ts';
import type { BuildContext, BuildResult, Engine, RunContext } from '../../engines/engine.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import type { AichorError } from '../../errors.ts';

/**
 * Stands for a configured engine that cannot be made, so that what lives on it is not lost: new experiments are refused
 * with the reason, those that live wait until the configuration is put right and the server started again.
 */
export function createBrokenEngine(name: string, error: AichorError): Engine {
  const refuse = () => Promise.reject(error);
  const unknown = { cpus: null, memory_gb: null, gpus: null, max_experiments: null };
  return {
    name,
    kind: 'kubernetes',
    check: refuse,
    capacity: async () => ({ ...unknown, healthy: false, message: messageOf(error) }),
    limits: async () => unknown,
    paths: () => ({ input: '/', output: '/', tensorboard: null }),
    build: (context) => waitToBuild(context, error),
    run: (context) => waitToRun(context, error),
    discard: refuse,
  };
}

async function waitToBuild(
  { stop, detach, progress }: BuildContext,
  error: AichorError,
): Promise<BuildResult> {
  progress(waitingFor(error));
  await Promise.race([aborted(stop), aborted(detach)]);
  throw error;
}

async function* waitToRun({ detach }: RunContext, error: AichorError): AsyncGenerator<ExperimentFact> {
  yield { type: 'progress', message: waitingFor(error) };
  await aborted(detach);
}

function waitingFor(error: AichorError): string {
  return `its engine cannot be used: ${messageOf(error)}`;
}

function messageOf({ message, hint }: AichorError): string {
  return hint === null ? message : `${message}; ${hint}`;
}

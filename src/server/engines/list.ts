import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineList, EngineSummary } from '../../api/engine-contract.ts';
import type { Engine, EngineCapacity } from '../../engines/engine.ts';
import { EMBEDDED_ENGINE } from '../submission/choose-engine.ts';
import type { LocalUse } from '../submission/submit.ts';
import type { Caller } from '../people/caller.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import type { ProjectTable } from '../store/tables/projects.ts';
import type { EngineRegistry } from './registry.ts';

/** What telling of engines needs. */
export interface EngineReading {
  registry: EngineRegistry;
  supervisor: Pick<Supervisor, 'running'>;
  /** Where experiments go for which nobody names an engine; null: to the embedded one. */
  defaultEngine: string | null;
}

/** How long the list waits for what engines have. */
const PATIENCE_MS = 2000;

/** Every engine with what it offers and what the experiments on it were admitted for; soon, whatever they answer. */
export async function listEngines(
  by: EngineReading & LocalUse & { projects: Pick<ProjectTable, 'list'> },
  caller: Caller,
): Promise<EngineList> {
  // One project at least may use it: that is told to those who may submit there.
  const isOpen =
    caller.isOwner ||
    by.localForAll ||
    by.projects
      .list()
      .some(
        ({ name, engines }) =>
          engines?.includes(EMBEDDED_ENGINE) && caller.projects?.includes(name) !== false,
      );
  const open = [...by.registry.engines.values()].filter(({ name }) => name !== EMBEDDED_ENGINE || isOpen);
  const engines = open.map((engine) => summaryOf(by, engine));
  return { engines: await Promise.all(engines), notices: by.registry.notices() };
}

export async function summaryOf(
  { supervisor, defaultEngine }: EngineReading,
  engine: Engine,
): Promise<EngineSummary> {
  const { healthy, message, cpus, memory_gb, gpus, max_experiments } = await capacityInTime(engine);
  const in_use = { experiments: 0, cpus: 0, memory_gb: 0, gpus: 0 };
  for (const { needs } of supervisor.running(engine.name)) {
    in_use.experiments += 1;
    in_use.cpus += needs.cpus;
    in_use.memory_gb += needs.memory_gb;
    in_use.gpus += needs.gpus;
  }
  const { name, kind } = engine;
  return {
    name,
    kind,
    default: name === (defaultEngine ?? EMBEDDED_ENGINE),
    healthy,
    capacity: { cpus, memory_gb, gpus, max_experiments },
    in_use,
    message,
  };
}

async function capacityInTime(engine: Engine): Promise<EngineCapacity> {
  const done = new AbortController();
  const late = sleep(PATIENCE_MS, null, { signal: done.signal, ref: false }).catch(() => null);
  const capacity = await Promise.race([engine.capacity(), late]);
  done.abort();
  return capacity ?? NO_ANSWER;
}

const NO_ANSWER: EngineCapacity = {
  cpus: null,
  memory_gb: null,
  gpus: null,
  max_experiments: null,
  healthy: false,
  message: `did not answer within ${PATIENCE_MS / 1000} s; aichor engines check tells more`,
};

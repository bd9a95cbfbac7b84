import type { EngineList } from '../api/contract.ts';
import type { Engine } from '../engines/engine.ts';
import type { ControlPlane } from './control-plane.ts';

/** Every engine with what it offers and what the experiments on it were admitted for. */
export async function listEngines(plane: ControlPlane): Promise<EngineList> {
  return {
    engines: await Promise.all([...plane.engines.values()].map((engine) => described(plane, engine))),
  };
}

async function described(
  { supervisor }: ControlPlane,
  engine: Engine,
): Promise<EngineList['engines'][number]> {
  const { healthy, message, cpus, memory_gb, gpus, max_experiments } = await engine.capacity();
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
    default: name === 'local',
    healthy,
    capacity: { cpus, memory_gb, gpus, max_experiments },
    in_use,
    message,
  };
}

import type { EngineCheck } from '../../api/engine-contract.ts';
import type { Engine, EngineFinding } from '../../engines/engine.ts';
import type { ControlPlane } from '../control-plane.ts';
import { engineOf } from './get.ts';

/** Whether everything is there that an engine needs, looked at now. */
export async function checkEngine(plane: ControlPlane, name: string): Promise<EngineCheck> {
  const engine = engineOf(plane, name);
  const entry = plane.registry.entry(name);
  const checks =
    entry === null ? await checkByHealth(engine) : await (await plane.registry.kubernetes()).check(entry);
  return { engine: name, ok: checks.every(({ status }) => status !== 'error'), checks };
}

/** The embedded engine needs nothing that it could lack; one that cannot be made says why. */
async function checkByHealth(engine: Engine): Promise<EngineFinding[]> {
  const { healthy, message, cpus, memory_gb, gpus } = await engine.capacity();
  const offered = `${cpus ?? '?'} CPUs, ${memory_gb ?? '?'} GB of memory, ${gpus ?? 0} GPUs`;
  return [
    healthy
      ? { name: 'machine', status: 'ok', message: offered, hint: null }
      : { name: 'configuration', status: 'error', message: message ?? 'it cannot be used', hint: null },
  ];
}

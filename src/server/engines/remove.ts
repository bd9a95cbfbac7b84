import type { EngineDocument } from '../../api/engine-contract.ts';
import { AichorError } from '../../errors.ts';
import type { ControlPlane } from '../control-plane.ts';
import { documentOf, engineOf, refuseReserved } from './get.ts';
import { liveOn } from './live-on.ts';

/**
 * Takes an engine away; gives it as it was. Experiments that live on it are a `conflict`; with `force` they end as
 * `EngineUnavailable`, and what they have in the cluster stays there: it is for clusters that are gone.
 */
export async function removeEngine(
  plane: ControlPlane,
  name: string,
  { force }: { force: boolean },
): Promise<EngineDocument> {
  refuseReserved(name, 'removed');
  const { registry, supervisor } = plane;
  return registry.exclusively(async () => {
    const engine = engineOf(plane, name);
    const live = liveOn(plane, name);
    if (live.length > 0 && !force) throw inUse(name, live);
    const document = await documentOf(plane, engine);
    await supervisor.exchange(name, async () => {
      await registry.keep(name, null);
      await registry.install(name, null)?.close?.();
    });
    return document;
  });
}

function inUse(name: string, live: readonly string[]): AichorError {
  const who = live.length === 1 ? `experiment ${live[0]} lives` : `${live.length} experiments live`;
  return new AichorError('conflict', `${who} on the engine ${name}`, {
    hint: `wait for ${live.length === 1 ? 'it' : 'them'}, or aichor experiments cancel; --force gives up what runs in the cluster`,
  });
}

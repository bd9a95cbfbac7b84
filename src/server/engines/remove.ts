import type { EngineDocument } from '../../api/engine-contract.ts';
import { AichorError } from '../../errors.ts';
import type { Caller } from '../people/caller.ts';
import type { EngineChanging } from './add.ts';
import { documentOf, engineOf, liveOn, refuseReserved } from './get.ts';

/**
 * Takes an engine away; gives it as it was. Experiments that live on it are a `conflict`; with `force` they end as
 * `EngineUnavailable`, and what they have in the cluster stays there: it is for clusters that are gone.
 */
export async function removeEngine(
  by: EngineChanging,
  name: string,
  { force, caller }: { force: boolean; caller: Pick<Caller, 'name'> },
): Promise<EngineDocument> {
  refuseReserved(name, 'removed');
  const { registry, supervisor } = by;
  return registry.exclusively(async () => {
    const engine = engineOf(registry, name);
    const live = liveOn(by, name);
    if (live.length > 0 && !force) throw inUse(name, live);
    const document = await documentOf(by, engine);
    by.audit.add([
      { by: caller.name, deed: 'engine.remove', subject: name, details: { force, live: live.length } },
    ]);
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

import type { ControlPlane } from '../control-plane.ts';
import { stateOf } from '../experiments/get.ts';

/** Ids of the experiments that have not ended on an engine. */
export function liveOn({ store }: Pick<ControlPlane, 'store'>, engine: string): string[] {
  return store.live().filter((id) => stateOf(store, id).record.engine === engine);
}

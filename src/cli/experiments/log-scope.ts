import { AichorError } from '../../errors.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';

/** Refuses (AichorError `not_found`) a type that the experiment does not have. Before it is planned, none. */
export function assertHasType(
  { experiment_id: id, pods }: Pick<ExperimentRecord, 'experiment_id' | 'pods'>,
  type: string | undefined,
): void {
  const types = new Set(pods.map((pod) => pod.type));
  if (type === undefined || types.size === 0 || types.has(type)) return;
  throw new AichorError('not_found', `experiment ${id} has no type ${JSON.stringify(type)}`, {
    hint: `its types: ${[...types].join(', ')}`,
  });
}

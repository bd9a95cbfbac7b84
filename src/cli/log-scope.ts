import { AichorError } from '../errors.ts';
import type { ExperimentRecord } from '../experiment/record.ts';

type Pods = Pick<ExperimentRecord, 'experiment_id' | 'pods'>;

/** Refuses (AichorError `not_found`) a pod or type that the experiment does not have. Before it is planned, nothing. */
export function assertInLogs(
  { experiment_id: id, pods }: Pods,
  wanted: { pod: string | undefined; type: string | undefined },
): void {
  if (pods.length === 0) return;
  const { pod, type } = wanted;
  const names = pods.map((known) => known.pod);
  const types = [...new Set(pods.map((known) => known.type))];
  if (pod !== undefined && !names.includes(pod))
    throw notThere(`pod ${JSON.stringify(pod)}`, { id, plural: 'pods', names });
  if (type !== undefined && !types.includes(type))
    throw notThere(`type ${JSON.stringify(type)}`, { id, plural: 'types', names: types });
}

/** Names that a hint still lists. */
const LISTED = 8;

function notThere(
  what: string,
  { id, plural, names }: { id: string; plural: string; names: string[] },
): AichorError {
  const more = names.length > LISTED ? `, … (${names.length})` : '';
  return new AichorError('not_found', `experiment ${id} has no ${what}`, {
    hint: `its ${plural}: ${names.slice(0, LISTED).join(', ')}${more}`,
  });
}

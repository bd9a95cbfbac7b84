import type { LogQuery } from '../../api/contract.ts';
import { AichorError } from '../../errors.ts';
import type { LogStore } from '../ports.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';

/** What reading of logs needs. */
export interface LogReading {
  store: Pick<ExperimentStore, 'resolve' | 'state' | 'untidied'>;
  logs: LogStore;
}

/**
 * How the logs of an experiment are read: call it with the signal that ends reading. Followers end when no line will
 * ever come; of an ended experiment nothing is waited for. Throws `usage` for `raw` without a pod of it, `not_found` for
 * a pod or an attempt that there is not.
 */
export async function experimentLogs(
  { store, logs }: LogReading,
  ref: string,
  query: LogQuery,
): Promise<(gone: AbortSignal) => AsyncIterable<Uint8Array>> {
  const id = store.resolve(ref);
  const state = stateOf(store, id);
  const { ended, record } = state;
  const log = await logs.open(id);
  // One that ended while it waited has none; of any other an empty one is kept.
  if (ended && record.step !== 'wait' && !log.facts().exists && !store.untidied().includes(id))
    throw removed(id);
  const { raw, follow: wanted, skip, ...filter } = query;
  const follow = wanted && !ended;
  const pod = filter.pod;
  if (pod !== undefined && !record.pods.some((known) => known.pod === pod))
    throw noSuchPod(id, pod, record.pods);
  const { attempt } = filter;
  if (attempt !== undefined && attempt > record.attempt && !(follow && mayCome(attempt, state)))
    throw noSuchAttempt(attempt, record);
  if (!raw) return (signal) => log.read(withoutUndefined(filter), { follow, signal });
  if (pod === undefined)
    throw new AichorError('usage', 'the exact bytes are those of one pod', { hint: 'name it with --pod' });
  return (signal) => log.raw({ ...withoutUndefined({ attempt, skip }), pod, follow, signal });
}

function removed(id: string): AichorError {
  return new AichorError(
    'not_found',
    `the log of experiment ${id} is no longer there: its files were removed`,
    {
      hint: 'aichor experiments get tells how it ended; aichor experiments resubmit runs it again',
    },
  );
}

function noSuchPod(id: string, pod: string, pods: readonly { pod: string }[]): AichorError {
  const names = pods.slice(0, 10).map((known) => known.pod);
  const more = pods.length > names.length ? `, and ${pods.length - names.length} more` : '';
  return new AichorError('not_found', `experiment ${id} has no pod ${JSON.stringify(pod)}`, {
    hint: pods.length === 0 ? 'it has no pods' : `its pods are ${names.join(', ')}${more}`,
  });
}

/** Whether it is worth waiting for a later attempt. How many there can be is known once it is planned. */
function mayCome(attempt: number, { record, backoff_limit: restarts }: ExperimentState): boolean {
  return record.pods.length === 0 || attempt <= 1 + restarts;
}

function noSuchAttempt(attempt: number, record: ExperimentState['record']): AichorError {
  const { experiment_id: id, attempt: last } = record;
  return new AichorError('not_found', `experiment ${id} has no attempt ${attempt}`, {
    hint:
      last === 1 ? 'it has one attempt: its pods were not started again' : `its attempts are 1 to ${last}`,
  });
}

/** An option that was not given is a missing key, not an undefined one. */
function withoutUndefined<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

import type { LogQuery } from '../../api/contract.ts';
import type { MatchesQuery, OutlineQuery } from '../../api/console/log-contract.ts';
import { sleepUnless } from '../../base/async/abort.ts';
import { AichorError } from '../../errors.ts';
import type { LogStore } from '../ports.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { Supervisor } from '../supervision/supervisor.ts';

/** What reading of logs needs. */
export interface LogReading {
  store: Pick<ExperimentStore, 'resolve' | 'state' | 'untidied' | 'expiry'>;
  logs: LogStore;
  supervisor: Pick<Supervisor, 'logIsComing'>;
}

/** How long whoever reads what an ended experiment printed waits for the rest of it: nodes may be gone, and clusters. */
const REST_MS = 60_000;

/**
 * How the logs of an experiment are read: call it with the signal that ends reading. Followers end when no line will
 * ever come. Of an ended experiment all is given out, which is waited for where it is still being read. Throws `usage` for `raw` without a pod of it, `not_found` for
 * a pod or an attempt that there is not.
 */
export async function experimentLogs(
  { store, logs, supervisor }: LogReading,
  ref: string,
  query: LogQuery,
): Promise<(gone: AbortSignal) => AsyncIterable<Uint8Array>> {
  const { id, state, log } = await openLog({ store, logs }, ref);
  const { ended, record } = state;
  const rest = ended ? supervisor.logIsComing(id) : null;
  const { raw, text, follow: wanted, skip, ...filter } = query;
  if (wanted && (text || filter.before !== undefined || filter.until !== undefined)) throw noFollowing();
  const follow = wanted && (!ended || rest !== null);
  const pod = filter.pod;
  if (pod !== undefined && !record.pods.some((known) => known.pod === pod))
    throw noSuchPod(id, pod, record.pods);
  const { attempt } = filter;
  if (attempt !== undefined && attempt > record.attempt && !(wanted && !ended && mayCome(attempt, state)))
    throw noSuchAttempt(attempt, record);
  // Who leafs through a log looks again when it has grown.
  const isWhole = filter.limit === undefined && filter.before === undefined;
  const after = follow || !isWhole ? null : rest;
  if (!raw)
    return (signal) =>
      following(after, signal, () => log.read(withoutUndefined(filter), { follow, signal, isText: text }));
  if (pod === undefined)
    throw new AichorError('usage', 'the exact bytes are those of one pod', { hint: 'name it with --pod' });
  const bytes = { ...withoutUndefined({ attempt, skip }), pod, follow };
  return (signal) => following(after, signal, () => log.raw({ ...bytes, signal }));
}

/** What is read when that has come, or does not come soon. */
async function* following(
  rest: Promise<void> | null,
  signal: AbortSignal,
  read: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const enough = new AbortController();
  if (rest !== null)
    await Promise.race([rest, sleepUnless(AbortSignal.any([signal, enough.signal]), REST_MS)]);
  enough.abort();
  yield* read();
}

/** Throws `not_found` where there was one that is no longer there. */
async function openLog({ store, logs }: Omit<LogReading, 'supervisor'>, ref: string) {
  const id = store.resolve(ref);
  const state = stateOf(store, id);
  const { ended, record } = state;
  const expired = record.step === 'wait' ? null : store.expiry.at(id);
  if (expired !== null) throw tooOld(record, expired);
  const log = await logs.open(id);
  // One that ended while it waited has none; of any other an empty one is kept.
  if (ended && record.step !== 'wait' && !log.facts().exists && !store.untidied().includes(id))
    throw removed(id);
  return { id, state, log };
}

/** How many lines there are now, and from what. */
export async function logOutline(by: LogReading, ref: string, { at, ...filter }: OutlineQuery) {
  const { log, id, state } = await openLog(by, ref);
  // Asked before the lines are counted: what comes in between is seen by who follows.
  const is_coming = !state.ended || by.supervisor.logIsComing(id) !== null;
  return { ...(await log.outline(withoutUndefined(filter), at)), is_coming };
}

/** Which lines hold a text. */
export async function logMatches(
  by: LogReading,
  { ref, signal }: { ref: string; signal: AbortSignal },
  { text, limit, ...filter }: MatchesQuery,
) {
  const { log } = await openLog(by, ref);
  return log.matches({ filter: withoutUndefined(filter), text, limit, signal });
}

function noFollowing(): AichorError {
  return new AichorError(
    'usage',
    'lines as text, and those up to a certain one or a certain time, are not followed',
    {
      hint: 'leave out follow, or text, before and until',
    },
  );
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

function tooOld({ experiment_id: id, project }: ExperimentState['record'], time: string): AichorError {
  return new AichorError(
    'not_found',
    `the log of experiment ${id} was removed at ${time}: its project ${project} keeps logs for a limited time`,
    {
      hint: `aichor projects get ${JSON.stringify(project)} tells for how long; aichor experiments get how the experiment ended`,
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
function mayCome(attempt: number, state: ExperimentState): boolean {
  const { record, backoff_limit: restarts, suspensions = 0 } = state;
  return record.pods.length === 0 || attempt <= 1 + restarts + suspensions;
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

import type { Engine, ExperimentPaths, ExperimentPlace } from '../../engines/engine.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import { plannedPods } from '../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { ExperimentSummary, PodRecord } from '../../experiment/record.ts';
import type { ExperimentState, NewExperiment } from '../../experiment/state.ts';
import { storedSummary } from '../../experiment/summary.ts';
import { planTotals } from '../../experiment/plan/totals.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import type { Log } from '../ports.ts';
import type { Created, CreateRequest, ExperimentStore, Idempotency, StoredSweep } from '../store/store.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import type { KeptTarget } from '../told/outbox.ts';
import { isSameRepository } from '../../source/git.ts';
import type { Notifier } from '../told/notifier.ts';
import type { PrivateStore, PrivateValues } from './private-values.ts';
import type { Accepted, CompleteSubmission, Prepared } from './submission.ts';

/** What accepting needs. */
interface Accepting {
  store: ExperimentStore;
  privateValues: PrivateStore;
  notifier: Pick<Notifier, 'put' | 'remove'>;
  engines: ReadonlyMap<string, Engine>;
  supervisor: Pick<Supervisor, 'take'>;
  /** The server's own PATH, HOME, LANG, …: what pods of a submission get that brings none. */
  basics: Readonly<Record<string, string>>;
  log: Log;
  newId(): string;
  now(): Date;
}

export interface Acceptor {
  /**
   * Makes the experiment: its private values first, then, in one transaction, everything else. Then it is queued. What
   * is accepted in one turn of the event loop is written together, and answered when all of it is safe.
   */
  accept(
    submission: CompleteSubmission,
    prepared: Prepared,
    idempotency: Idempotency | null,
  ): Promise<Accepted>;
  /** The same for experiments of one sweep, at once: all of them, or none when it throws. */
  acceptSweep(sweep: StoredSweep, members: readonly Member[]): ExperimentSummary[];
}

/** One experiment of a sweep that is to be made. */
interface Member {
  submission: CompleteSubmission;
  prepared: Prepared;
}

/** One that is to be written, and whoever waits for it. */
interface Pending {
  request: CreateRequest;
  values: PrivateValues;
  notify: readonly KeptTarget[];
  resolve(accepted: Accepted): void;
  reject(error: unknown): void;
}

export function createAcceptor(by: Accepting): Acceptor {
  let pending: Pending[] = [];
  return {
    accept: (submission, prepared, idempotency) =>
      new Promise((resolve, reject) => {
        const requested = requestFor(by, { submission, prepared, idempotency });
        const notify = [...requested.notify, ...commitTold(submission)];
        pending.push({ ...requested, notify, resolve, reject });
        if (pending.length > 1) return;
        setImmediate(() => {
          const all = pending;
          pending = [];
          writeTogether(by, all);
        });
      }),
    acceptSweep: (sweep, members) => acceptSweep(by, sweep, members),
  };
}

interface Requested {
  submission: CompleteSubmission;
  prepared: Prepared;
  idempotency: Idempotency | null;
}

/** One whose private values stand somewhere. */
type NamingValues = CreateRequest & { valuesName: string };

/** What is written of one, in the open and in private. */
function requestFor(by: Accepting, { submission, prepared, idempotency }: Requested) {
  const { manifest, plan } = prepared;
  const { keep, vcs, python_env, rebuild, rules } = submission;
  const own = Object.keys(submission.shell).length > 0 ? submission.shell : by.basics;
  const shell = { ...own, ...rules.build_shell };
  const secrets = { ...rules.secrets, ...submission.secrets };
  const request: CreateRequest = {
    experiment: newExperiment(by, { submission, prepared }),
    submission: { manifest, plan, keep, vcs },
    facts: firstFacts(prepared),
    idempotency,
  };
  return { request, values: { secrets, shell, python_env, rebuild }, notify: submission.notify };
}

/** The commit of an experiment, where its project wants it to be told. Those of a sweep would speak over each other. */
function commitTold({ source, rules: { commit_status } }: CompleteSubmission): KeptTarget[] {
  const { kind, commit_sha: sha, repository } = source;
  if (commit_status === null || kind !== 'commit' || sha === null || repository === null) return [];
  if (!isSameRepository(repository, commit_status.repository)) return [];
  return [{ target: { kind: 'commit', ...commit_status, sha }, isTrusted: false }];
}

function acceptSweep(by: Accepting, sweep: StoredSweep, members: readonly Member[]): ExperimentSummary[] {
  const all = members.map((member) => requestFor(by, { ...member, idempotency: null }));
  const requests = keepBeside(by, all);
  crashPoint('submit-private-values');
  let states: ExperimentState[];
  try {
    states = by.store.createSweep(sweep, requests);
  } catch (error) {
    forget(by, requests);
    throw error;
  }
  crashPoint('submit-created');
  for (const [index, state] of states.entries())
    by.supervisor.take(state, all[index]?.request.submission.plan ?? null);
  return states.map(storedSummary);
}

function writeTogether(by: Accepting, all: readonly Pending[]): void {
  let requests: NamingValues[] = [];
  let results: Created[];
  try {
    requests = keepBeside(by, all);
    crashPoint('submit-private-values');
    results = by.store.create(requests);
    crashPoint('submit-created');
  } catch (error) {
    for (const { reject } of all) reject(error);
    forget(by, requests);
    return;
  }
  for (const [index, one] of all.entries()) answer(by, one, results[index]);
  forget(
    by,
    requests.filter((_one, index) => !isMade(results[index])),
  );
}

/** Before experiments are made: what stands in no record of theirs. They refer to it. */
function keepBeside(
  { privateValues, notifier }: Accepting,
  all: readonly Pick<Pending, 'request' | 'values' | 'notify'>[],
): NamingValues[] {
  const names = privateValues.put(all.map(({ values }) => values));
  const requests = all.map(({ request }, index) => ({ ...request, valuesName: names[index] ?? '' }));
  const telling = all.filter(({ notify }) => notify.length > 0);
  if (telling.length > 0)
    notifier.put(new Map(telling.map(({ request, notify }) => [idOf(request), notify])));
  return requests;
}

function isMade(result: Created | undefined): boolean {
  return result !== undefined && 'state' in result && result.created;
}

/** Private values of experiments that did not come to be. What cannot be removed now is at the next start. */
function forget({ privateValues, notifier, log }: Accepting, unmade: readonly NamingValues[]): void {
  try {
    privateValues.forget(unmade.map(({ valuesName }) => valuesName));
    notifier.remove(unmade.map(idOf));
  } catch (error) {
    log.warn({ err: error }, 'private values of experiments that were refused could not be removed');
  }
}

function idOf({ experiment }: CreateRequest): string {
  return experiment.experiment_id;
}

function answer({ supervisor }: Accepting, { request, resolve, reject }: Pending, result?: Created): void {
  if (result === undefined || result instanceof Error) return reject(result);
  try {
    if (result.created) supervisor.take(result.state, request.submission.plan);
    resolve({ summary: storedSummary(result.state), created: result.created });
  } catch (error) {
    reject(error);
  }
}

function newExperiment(
  { engines, newId, now }: Accepting,
  { submission, prepared }: { submission: CompleteSubmission; prepared: Prepared },
): NewExperiment {
  const id = newId();
  const { project } = submission;
  return {
    experiment_id: id,
    operator: null,
    engine: prepared.engine,
    project,
    submitted_by: submission.submitted_by,
    message: submission.message,
    labels: submission.labels,
    source: submission.source,
    manifest_path: prepared.manifest_path,
    resubmit_of: submission.resubmit_of,
    sweep: submission.sweep,
    env: submission.env,
    secrets: Object.keys(submission.secrets).sort(),
    created_at: now().toISOString(),
    paths: {
      ...pathsOn(engines, prepared.engine, { id, project, plan: prepared.plan }),
      workdir: null,
    },
  };
}

/** An experiment of which only its failure is recorded may name an engine that is not there. */
function pathsOn(
  engines: ReadonlyMap<string, Engine>,
  engine: string,
  place: ExperimentPlace,
): ExperimentPaths {
  const paths = (engines.get(engine) ?? engines.get('local'))?.paths(place);
  return paths ?? { input: '/', output: '/', tensorboard: null };
}

function firstFacts({ plan, facts }: Prepared): ExperimentFact[] {
  return [{ type: 'step', step: 'wait', message: 'accepted' }, ...plannedFacts(plan), ...facts];
}

function plannedFacts(plan: Plan | null): ExperimentFact[] {
  if (plan === null) return [];
  return [
    {
      type: 'planned',
      operator: plan.operator,
      resources: planTotals(plan),
      pods: plannedPods(plan).map(({ pod, type, job_index, pod_index, rank }): PodRecord => ({
        pod,
        type,
        job_index,
        pod_index,
        rank,
        status: 'Pending',
        reason: null,
        exit_code: null,
        attempt: 1,
        started_at: null,
        ended_at: null,
        peak_memory_bytes: null,
        node: null,
        usage: null,
      })),
      backoff_limit: plan.backoff_limit,
    },
  ];
}

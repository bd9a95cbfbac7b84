import { rm } from 'node:fs/promises';
import type { Engine, ExperimentPaths, ExperimentPlace } from '../../engines/engine.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import { plannedPods } from '../../experiment/plan/planned-pods.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { PodRecord } from '../../experiment/record.ts';
import type { NewExperiment } from '../../experiment/state.ts';
import { storedSummary } from '../../experiment/summary.ts';
import { planTotals } from '../../experiment/plan/totals.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import { experimentFolder, privateFile, type Folders } from '../process/folders.ts';
import type { ExperimentStore, Idempotency } from '../store/store.ts';
import type { Supervisor } from '../supervision/supervisor.ts';
import { writePrivateValues } from './private-values.ts';
import type { Accepted, CompleteSubmission, Prepared } from './submission.ts';

/** What accepting needs. */
interface Accepting {
  store: ExperimentStore;
  engines: ReadonlyMap<string, Engine>;
  folders: Folders;
  supervisor: Pick<Supervisor, 'take'>;
  newId(): string;
  now(): Date;
}

export interface Acceptor {
  /** Makes the experiment: its private values first, then, in one transaction, everything else. Then it is queued. */
  accept(
    submission: CompleteSubmission,
    prepared: Prepared,
    idempotency: Idempotency | null,
  ): Promise<Accepted>;
}

export function createAcceptor(by: Accepting): Acceptor {
  return {
    async accept(submission, prepared, idempotency) {
      const id = by.newId();
      const { manifest, plan } = prepared;
      const { keep, vcs, secrets, shell, python_env } = submission;
      try {
        await writePrivateValues(privateFile(by.folders, id), { secrets, shell, python_env });
        crashPoint('submit-private-values');
        const { state, created } = by.store.create({
          experiment: newExperiment(by, id, { submission, prepared }),
          submission: { manifest, plan, keep, vcs },
          facts: firstFacts(prepared),
          idempotency,
        });
        crashPoint('submit-created');
        if (created) by.supervisor.take(id);
        else await forget(by, id);
        return { summary: storedSummary(state), created };
      } catch (error) {
        await forget(by, id);
        throw error;
      }
    },
  };
}

function newExperiment(
  { engines, now }: Accepting,
  id: string,
  { submission, prepared }: { submission: CompleteSubmission; prepared: Prepared },
): NewExperiment {
  const { project } = submission;
  return {
    experiment_id: id,
    operator: null,
    engine: prepared.engine,
    project,
    message: submission.message,
    labels: submission.labels,
    source: submission.source,
    manifest_path: prepared.manifest_path,
    resubmit_of: submission.resubmit_of,
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

/** Private values of an experiment that did not come to be. */
async function forget({ store, folders }: Accepting, id: string): Promise<void> {
  if (store.state(id) !== null) return;
  await rm(experimentFolder(folders, id), { recursive: true, force: true });
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
      })),
      backoff_limit: plan.backoff_limit,
    },
  ];
}

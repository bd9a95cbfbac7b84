import { rm } from 'node:fs/promises';
import type { ExperimentPaths, ExperimentPlace } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import { plannedPods } from '../../experiment/planned-pods.ts';
import { planTotals } from '../../experiment/totals.ts';
import type { Plan } from '../../experiment/plan.ts';
import type { ExperimentSummary, PodRecord, SourceRecord } from '../../experiment/record.ts';
import { storedSummary } from '../../experiment/summary.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import type { ControlPlane } from '../control-plane.ts';
import { experimentFolder, privateFile } from '../process/folders.ts';
import { writePrivateValues, type PrivateValues } from './private-values.ts';
import type { Idempotency, StoredSubmission } from '../store/store.ts';

export interface Acceptance {
  engine: string;
  project: string;
  message: string;
  labels: Record<string, string>;
  source: SourceRecord;
  manifestPath: string;
  resubmitOf: string | null;
  env: Record<string, string>;
  values: PrivateValues;
  submission: StoredSubmission;
  /** What is known beside the plan: the first step, notices, for a bad commit its end. */
  facts: readonly ExperimentFact[];
  idempotency: Idempotency | null;
}

export interface Accepted {
  summary: ExperimentSummary;
  /** False: this idempotency key had made it before. */
  created: boolean;
}

/** Makes the experiment: its private values first, then, in one transaction, everything else. Then it is queued. */
export async function accept(plane: ControlPlane, acceptance: Acceptance): Promise<Accepted> {
  const id = plane.newId();
  const { project, submission, values } = acceptance;
  try {
    await writePrivateValues(privateFile(plane.folders, id), values);
    crashPoint('submit-private-values');
    const { state, created } = plane.store.create({
      experiment: {
        experiment_id: id,
        operator: null,
        engine: acceptance.engine,
        project,
        message: acceptance.message,
        labels: acceptance.labels,
        source: acceptance.source,
        manifest_path: acceptance.manifestPath,
        resubmit_of: acceptance.resubmitOf,
        env: acceptance.env,
        secrets: Object.keys(values.secrets).sort(),
        created_at: plane.now().toISOString(),
        paths: {
          ...pathsOn(plane, acceptance.engine, { id, project, plan: submission.plan }),
          workdir: null,
        },
      },
      submission,
      facts: [
        { type: 'step', step: 'wait', message: 'accepted' },
        ...plannedFacts(submission.plan),
        ...acceptance.facts,
      ],
      idempotency: acceptance.idempotency,
    });
    crashPoint('submit-created');
    if (created) plane.supervisor.take(id);
    else await forget(plane, id);
    return { summary: storedSummary(state), created };
  } catch (error) {
    await forget(plane, id);
    throw error;
  }
}

/** An experiment of which only its failure is recorded may name an engine that is not there. */
function pathsOn(plane: ControlPlane, engine: string, place: ExperimentPlace): ExperimentPaths {
  const paths = (plane.engines.get(engine) ?? plane.engines.get('local'))?.paths(place);
  return paths ?? { input: '/', output: '/', tensorboard: null };
}

async function forget(plane: ControlPlane, id: string): Promise<void> {
  if (plane.store.state(id) !== null) return;
  await rm(experimentFolder(plane.folders, id), { recursive: true, force: true });
}

function plannedFacts(plan: Plan | null): ExperimentFact[] {
  if (plan === null) return [];
  return [
    {
      type: 'planned',
      operator: plan.operator,
      resources: planTotals(plan),
      pods: plannedPods(plan).map(({ pod, type, job_index, pod_index, rank }): PodRecord => ({
        ...{ pod, type, job_index, pod_index, rank },
        ...{ status: 'Pending', reason: null, exit_code: null, attempt: 1 },
        ...{ started_at: null, ended_at: null, peak_memory_bytes: null },
      })),
      backoff_limit: plan.backoff_limit,
    },
  ];
}

/** A name used for both would leave it to chance which value a pod sees. */
export function refuseDoubleNames(env: Record<string, string>, secrets: Record<string, string>): void {
  const both = Object.keys(env).filter((name) => Object.hasOwn(secrets, name));
  if (both.length === 0) return;
  throw new AichorError('usage', `${both.join(', ')} is given both by --env and by --secret`, {
    hint: 'give each name once',
  });
}

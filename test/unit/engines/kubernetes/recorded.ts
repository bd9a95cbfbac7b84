import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { see, type SeenPod } from '../../../../src/engines/kubernetes/pod/seen-pod.ts';
import { viewAttempt } from '../../../../src/engines/kubernetes/status/attempt-view.ts';
import { judge } from '../../../../src/engines/kubernetes/status/judge.ts';
import {
  NO_MEMORY,
  type AttemptMemory,
  type AttemptView,
} from '../../../../src/engines/kubernetes/status/model.ts';
import type { Judgement } from '../../../../src/engines/kubernetes/status/verdict.ts';
import { workloadOf } from '../../../../src/engines/kubernetes/workload/choose-workload.ts';
import type {
  Event,
  Job,
  KubeObject,
  ObservedJobSet,
  ObservedRayJob,
  Pod,
} from '../../../../src/engines/kubernetes/api/objects.ts';
import type { Observed } from '../../../../src/engines/kubernetes/watch/observed.ts';
import type { Plan } from '../../../../src/experiment/plan/plan.ts';
import type { Reason } from '../../../../src/experiment/status.ts';
import { parseManifest } from '../../../../src/manifest/parse.ts';
import { planManifest } from '../../../../src/operators/plan.ts';

const FOLDER = fileURLToPath(new URL('../../../fixtures/recorded/', import.meta.url));

/** One event of a watch, with the object as it was then. */
export interface Recorded {
  at: string;
  resource: 'pods' | 'events' | 'jobs' | 'jobsets' | 'rayjobs';
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  uid: string;
  object: KubeObject;
}

/** As it is written: whole at first, then what has changed. */
type Line = Omit<Recorded, 'object'> & { object?: KubeObject; change?: object };

export interface Recording {
  name: string;
  experimentId: string;
  plan: Plan;
  events: Recorded[];
  /** Every workload there was. */
  workloads: { uid: string; offset: number }[];
}

export function recordingNames(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => name.replace('.jsonl', ''));
}

export function readRecording(name: string): Recording {
  const lines = readFileSync(join(FOLDER, `${name}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  const header = JSON.parse(lines[0] ?? '') as { experiment: string; manifest: string };
  const rest = lines.slice(1).map((line) => JSON.parse(line) as Line);
  const last = new Map<string, KubeObject>();
  const events = rest.map(({ object, change, ...event }): Recorded => {
    const key = `${event.resource}/${event.uid}`;
    const next = object ?? (mergePatch(last.get(key), change) as KubeObject);
    last.set(key, next);
    return { ...event, object: next };
  });
  const workloads = events.filter(({ resource }) => resource === 'jobsets' || resource === 'rayjobs');
  return {
    name,
    experimentId: header.experiment,
    plan: planOf(header.manifest),
    events,
    workloads: [...new Set(workloads.map(({ uid }) => uid))].map((uid) => ({ uid, offset: 0 })),
  };
}

export function planOf(text: string): Plan {
  const { manifest, diagnostics } = parseManifest(text, 'manifest.yaml');
  if (manifest === null) throw new Error(JSON.stringify(diagnostics));
  return planManifest(manifest, { message: 'm', project: 'p', env: {}, secrets: [], vcs: {} });
}

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A cluster as its watches tell of it. */
export interface World {
  apply(event: Recorded): void;
  observed(): Observed;
}

export function createWorld(): World {
  const there = new Map<string, Recorded>();
  const gone = new Map<string, SeenPod>();
  const all = <T extends KubeObject>(resource: Recorded['resource']): T[] =>
    [...there.values()].filter((each) => each.resource === resource).map(({ object }) => object as T);
  return {
    apply(event) {
      const key = `${event.resource}/${event.uid}`;
      if (event.type !== 'DELETED') there.set(key, event);
      else {
        there.delete(key);
        if (event.resource === 'pods') gone.set(key, see(event.object as Pod));
      }
    },
    observed: () => ({
      jobset: all<ObservedJobSet>('jobsets')[0] ?? null,
      rayjob: all<ObservedRayJob>('rayjobs')[0] ?? null,
      queued: null,
      jobs: all<Job>('jobs'),
      pods: all<Pod>('pods').map(see),
      gone: [...gone.values()],
      events: all<Event>('events'),
    }),
  };
}

export interface Looked {
  view: AttemptView;
  verdict: Judgement;
}

/** Looks again and again as an engine does, remembering what it has to. */
export function createLooker(recording: Recording, known: { told?: Reason; created?: boolean } = {}) {
  let memory: AttemptMemory = NO_MEMORY;
  const { told = null, created = false } = known;
  let wasThere = created;
  return (observed: Observed, now: Date, attempt?: number): Looked => {
    const { plan, experimentId } = recording;
    wasThere ||= observed.jobset !== null || observed.rayjob !== null;
    const workloads = wasThere ? recording.workloads : [];
    const workload = workloadOf(plan);
    const input = { plan, workload, experimentId, observed, workloads, memory, told, now };
    const view = viewAttempt({ ...input, ...(attempt === undefined ? {} : { attempt }) });
    memory = view.memory;
    const judged = {
      plan,
      workload,
      experimentId,
      view,
      observed,
      workloads,
      imageFailAfterS: 600,
      sidecarGraceS: 30,
      now,
    };
    const verdict = judge(judged);
    return { view, verdict };
  };
}

/** Long after everything: no watch lags any more. */
export const LATER = new Date('2030-01-01T00:00:00Z');

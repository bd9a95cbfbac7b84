import type { FakeApi } from '../fakes/kubernetes-api.ts';
import type { Stored } from '../fakes/kubernetes-store.ts';

/** What a node and the controllers of JobSet and Job would do, at the test's word; deletions are carried out at once. */
export interface FakeJobSets {
  /** Resolves when there is one. */
  created(): Promise<Stored>;
  /** All pods of the JobSet, scheduled and waiting for their node. @param nodeOf a job's number to its pod's node; `n1` for all */
  makePods(attempt?: number, nodeOf?: (job: number) => string): void;
  start(...pods: string[]): void;
  /** @param seconds that it ran, 10 unless it is said */
  end(pod: string, code: number, seconds?: number): void;
  /** Somebody deletes it: it hears SIGTERM. */
  remove(pod: string): void;
  /** Its condition, as the controller sets it in the end. */
  conclude(type: 'Completed' | 'Failed', message?: string): void;
  /** Objects of pods by their short names, those that are there. */
  pods(): Map<string, Stored>;
  /** Waits until something is so. */
  until(isSo: () => boolean): Promise<void>;
}

const PODS = 'pods';
const JOBSETS = 'jobsets';
/** Deletions are asked for at the first second of 2030. */
const ENDED_AFTER_DELETION = '2030-01-01T00:00:05Z';
const STARTED = '2026-01-01T00:00:10Z';

interface JobSetShape extends Stored {
  spec: { replicatedJobs: { name: string; replicas: number; template: { spec: { template: Stored } } }[] };
}

export function createFakeJobSets({ store }: FakeApi): FakeJobSets {
  const all = (plural: string) => store.at(plural, store.version());
  const only = () => all(JOBSETS)[0] as JobSetShape | undefined;
  const jobset = () => {
    const found = only();
    if (found === undefined) throw new Error('there is no JobSet');
    return found;
  };
  const find = (short: string) => {
    const found = pods().get(short);
    if (found === undefined) throw new Error(`there is no pod ${short}`);
    return found;
  };
  function pods(): Map<string, Stored> {
    return new Map(all(PODS).map((pod) => [String(pod['short']), pod]));
  }
  function setState(pod: Stored, phase: string, state: object): void {
    const status = { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state };
    store.put(PODS, { ...pod, status: { phase, containerStatuses: [status] } });
  }
  function end(pod: Stored, code: number, seconds = 10): void {
    const ended = new Date(Date.parse(STARTED) + seconds * 1000).toISOString();
    const finishedAt = pod.metadata.deletionTimestamp === undefined ? ended : ENDED_AFTER_DELETION;
    const terminated = { exitCode: code, reason: 'Error', startedAt: STARTED, finishedAt };
    setState(pod, code === 0 ? 'Succeeded' : 'Failed', { terminated });
  }
  function remove(pod: Stored): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    store.remove(PODS, pod.metadata.name);
    const { phase } = (pod['status'] ?? {}) as { phase?: string };
    const left = store.get(PODS, pod.metadata.name);
    if (left === null || phase === 'Succeeded' || phase === 'Failed') return;
    // What has not begun has no container to end.
    if (phase === 'Pending') store.put(PODS, { ...left, status: { phase: 'Failed' } });
    else end(left, 143);
  }
  const collect = () => {
    for (const pod of pods().values()) remove(pod);
  };
  store.onChange(({ plural, type }) => {
    if (plural === JOBSETS && type === 'DELETED') queueMicrotask(collect);
  });
  return {
    pods,
    async created() {
      await this.until(() => only() !== undefined);
      return jobset();
    },
    makePods(attempt = 0, nodeOf = () => 'n1') {
      const { metadata, spec } = jobset();
      for (const { name, replicas, template } of spec.replicatedJobs)
        for (let job = 0; job < replicas; job++) {
          const short = `${name}-${job}-0`;
          const { metadata: meta, spec: podSpec } = template.spec.template;
          const labels = {
            ...meta.labels,
            'jobset.sigs.k8s.io/jobset-name': metadata.name,
            'jobset.sigs.k8s.io/replicatedjob-name': name,
            'jobset.sigs.k8s.io/job-index': String(job),
            'jobset.sigs.k8s.io/restart-attempt': String(attempt),
            'batch.kubernetes.io/job-completion-index': '0',
          };
          store.put(PODS, {
            ...{ kind: 'Pod', short, spec: { ...(podSpec as object), nodeName: nodeOf(job) } },
            metadata: { ...meta, name: `${metadata.name}-${short}-${attempt}`, labels },
            status: { phase: 'Pending' },
          });
        }
    },
    start(...shorts) {
      for (const short of shorts) setState(find(short), 'Running', { running: { startedAt: STARTED } });
    },
    end: (short, code, seconds) => end(find(short), code, seconds),
    remove: (short) => remove(find(short)),
    conclude(type, message = '') {
      const condition = { type, status: 'True', message, lastTransitionTime: '2026-01-01T00:00:30Z' };
      const reason = type === 'Completed' ? 'AllJobsCompleted' : 'FailedJobs';
      const status = { terminalState: type, conditions: [{ ...condition, reason }] };
      store.put(JOBSETS, { ...jobset(), status });
    },
    until: (isSo) =>
      new Promise((resolve) => {
        const unlisten = store.onChange(() => look());
        const look = () => {
          if (!isSo()) return;
          unlisten();
          resolve();
        };
        look();
      }),
  };
}

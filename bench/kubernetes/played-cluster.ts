/**
 * An API server with no cluster behind it: it takes a JobSet, and plays its pods, so many a second: makes them, starts them, ends them,
 * says that all is done. Each has a log of one line. A process of its own: what it costs is not counted with what is measured. Tells what
 * has happened on stdout, a line of JSON each.
 *
 *   node played-cluster.mjs PODS_A_SECOND
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startFakeApi } from '../../test/fakes/kubernetes-api.ts';
import type { Stored } from '../../test/fakes/kubernetes-store.ts';

interface JobSetShape extends Stored {
  spec: {
    replicatedJobs: {
      name: string;
      replicas: number;
      template: { spec: { completions?: number; template: Stored } };
    }[];
  };
}

interface Played {
  name: string;
  pod: Stored;
}

const TICK_MS = 20;
const JOBSET = 'jobset.sigs.k8s.io';
const rate = Number(process.argv[2]);
const api = await startFakeApi();
const { store } = api;
const open = new Map<string, () => void>();
const ended = new Set<string>();
api.onLog = ({ name, query }, response) => {
  response.writeHead(200, { 'content-type': 'text/plain' });
  if (query.get('sinceTime') === null) response.write(`${new Date().toISOString()} I am ${name}\n`);
  if (name === null || query.get('follow') !== 'true' || ended.has(name)) return void response.end();
  open.set(name, () => response.end());
  response.once('close', () => open.delete(name));
};
store.onChange(({ plural, type, object }) => {
  if (plural === 'jobsets' && type === 'ADDED') void play(object as JobSetShape);
});
api.missing.add('metrics.k8s.io');
api.documents.set('/version', { gitVersion: 'v1.36.4' });
api.documents.set('/apis/jobset.x-k8s.io', { versions: [{ version: 'v1alpha2' }] });
api.documents.set('/apis/jobset.x-k8s.io/v1alpha2', { resources: [{ name: 'jobsets' }] });
store.put('namespaces', { kind: 'Namespace', metadata: { name: 'lab' } });
const amounts = { cpu: '100000', memory: '100Ti', pods: '100000' };
store.put('nodes', {
  ...{ kind: 'Node', spec: {}, metadata: { name: 'played', labels: { type: 'kwok' } } },
  status: { allocatable: amounts, capacity: amounts, conditions: [{ type: 'Ready', status: 'True' }] },
});
process.once('SIGTERM', () => void api.close().finally(() => process.exit()));
tell('listening', { kubeconfig: api.kubeconfig });

function tell(what: string, more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ what, at: Date.now(), ...more })}\n`);
}

async function play(jobset: JobSetShape): Promise<void> {
  const pods = podsOf(jobset);
  await paced(pods, (each) => (each.pod = store.put('pods', each.pod)));
  tell('made');
  await paced(pods, (each) =>
    setState(each, 'Running', { running: { startedAt: new Date().toISOString() } }),
  );
  tell('started');
  await paced(pods, (each) => {
    const terminated = {
      exitCode: 0,
      reason: 'Completed',
      startedAt: startOf(each),
      finishedAt: new Date().toISOString(),
    };
    setState(each, 'Succeeded', { terminated });
    ended.add(each.name);
    open.get(each.name)?.();
  });
  const condition = {
    type: 'Completed',
    status: 'True',
    reason: 'AllJobsCompleted',
    message: '',
    lastTransitionTime: new Date().toISOString(),
  };
  store.put('jobsets', { ...jobset, status: { terminalState: 'Completed', conditions: [condition] } });
  tell('completed');
}

/** So many a second, some in each tick; what was late is made up for. */
async function paced(pods: readonly Played[], act: (each: Played) => void): Promise<void> {
  const began = performance.now();
  let done = 0;
  while (done < pods.length) {
    const due = Math.min(pods.length, Math.ceil(((performance.now() - began) / 1000) * rate));
    for (const each of pods.slice(done, due)) act(each);
    done = due;
    await sleep(TICK_MS);
  }
}

function podsOf({ metadata, spec }: JobSetShape): Played[] {
  return spec.replicatedJobs.flatMap(({ name, replicas, template }) =>
    Array.from({ length: replicas * (template.spec.completions ?? 1) }, (_, number) => {
      const job = Math.floor(number / (template.spec.completions ?? 1));
      const index = number % (template.spec.completions ?? 1);
      const { metadata: meta, spec: podSpec } = template.spec.template;
      const labels = {
        ...meta.labels,
        [`${JOBSET}/jobset-name`]: metadata.name,
        [`${JOBSET}/jobset-uid`]: metadata.uid,
        [`${JOBSET}/replicatedjob-name`]: name,
        [`${JOBSET}/job-index`]: String(job),
        [`${JOBSET}/restart-attempt`]: '0',
        'batch.kubernetes.io/job-completion-index': String(index),
      };
      const podName = `${metadata.name}-${name}-${job}-${index}-abcde`;
      const pod = {
        ...{ kind: 'Pod', spec: { ...(podSpec as object), nodeName: `node-${job % 3}` } },
        metadata: { ...meta, name: podName, labels, ownerReferences: [jobOf(metadata.name, name, job)] },
        status: { phase: 'Pending' },
      };
      return { name: podName, pod: pod as unknown as Stored };
    }),
  );
}

function jobOf(jobset: string, type: string, job: number) {
  const name = `${jobset}-${type}-${job}`;
  return { apiVersion: 'batch/v1', kind: 'Job', name, uid: `uid-of-${name}`, controller: true };
}

function setState({ name }: Played, phase: string, state: object): void {
  const pod = store.get('pods', name);
  if (pod === null) throw new Error(`there is no pod ${name}`);
  const status = { name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state };
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastTransitionTime: new Date().toISOString(),
  }));
  store.put('pods', {
    ...pod,
    status: { phase, conditions, startTime: pod.metadata.creationTimestamp, containerStatuses: [status] },
  });
}

function startOf({ name }: Played): string {
  const { status } = store.get('pods', name) as {
    status?: { containerStatuses?: { state?: { running?: { startedAt?: string } } }[] };
  };
  return status?.containerStatuses?.[0]?.state?.running?.startedAt ?? new Date().toISOString();
}

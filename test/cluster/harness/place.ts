import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SubmissionInput } from '../../../src/api/contract.ts';
import { EXPERIMENT_LABEL, type Pod } from '../../../src/engines/kubernetes/api/objects.ts';
import type { ExperimentRecord } from '../../../src/experiment/record.ts';
import { isTerminal } from '../../../src/experiment/status.ts';
import { moment } from '../../faults/processes.ts';
import type { Server } from '../../faults/server.ts';
import { inWorld, insist, type World } from '../../faults/world.ts';
import { cluster } from './found.ts';
import { pods } from './kubernetes.ts';
import { createNamespace, isHeld, removeNamespace } from './namespace.ts';
import { manifestText, type ClusterWork } from './work.ts';

/** One namespace, with a control plane of its own that has it as the engine `cluster`. */
export interface Place {
  world: World;
  namespace: string;
  /** The control plane that runs now; `restart` replaces it. */
  server: Server;
  submit(work: ClusterWork, more?: Partial<SubmissionInput>): Promise<string>;
  /** Waits until the record says something. */
  until(id: string, holds: (record: ExperimentRecord) => boolean): Promise<ExperimentRecord>;
  /** The pods that Kubernetes has of an experiment. */
  pods(id: string): Promise<Pod[]>;
  /** `kill -9`, and another one. `between`: what happens while there is none. */
  restart(between?: () => Promise<unknown>): Promise<void>;
}

export interface PlaceOptions {
  /** Its pods go to fake nodes, where nothing really runs. */
  fake?: boolean;
  /** Settings of the engine. */
  settings?: object;
  /** Who the control plane is to the cluster. Default: who runs the suite. */
  kubeconfig?: (namespace: string) => Promise<object>;
  patienceMs?: number;
  /** What the cluster must have before the engine is added. */
  before?: (namespace: string) => Promise<unknown>;
}

const ENGINE = 'cluster';
/** Less than what the runner gives a test. */
const PATIENCE_MS = 150_000;

/** A place for one test. At its end nothing of ours may hold anything in it. */
export async function inPlace(test: (place: Place) => Promise<void>, options: PlaceOptions = {}): Promise<void> {
  let failure: unknown;
  const world = inWorld(async (world) => {
    const namespace = await createNamespace(options);
    try {
      await options.before?.(namespace);
      const place = await placeIn(world, namespace, options);
      await within(options.patienceMs ?? PATIENCE_MS, place, async () => {
        await test(place);
        await leave(place);
      });
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      await removeNamespace(namespace);
    }
  });
  // What failed first says more than what that left behind.
  await world.catch((error: unknown) => Promise.reject(failure ?? error));
} // prettier-ignore

/** Who gives up himself can still clear up, and say how things stood. */
async function within(ms: number, { world }: Place, body: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, ms, 'late')));
  const outcome = await Promise.race([body(), late]).finally(() => clearTimeout(timer));
  if (outcome !== 'late') return;
  const { experiments } = await insist(() => world.client.list({ limit: 10 }));
  const records = await Promise.all(experiments.map((each) => insist(() => world.client.get(each.experiment_id)))); // prettier-ignore
  throw new Error(`not done within ${ms / 1000} s: ${JSON.stringify(records, null, 1)}`);
}

async function placeIn(world: World, namespace: string, options: PlaceOptions): Promise<Place> {
  const server = await world.start();
  await addEngine(world, namespace, options);
  const place: Place = {
    ...{ world, namespace, server },
    async submit(work, more = {}) {
      const files = { 'aichor_manifests/manifest.yaml': manifestText(work) };
      const snapshot = await world.upload({ script: 'true', files });
      return world.submit(snapshot, { engine: ENGINE, ...more });
    },
    async until(id, holds) {
      for (;;) {
        const record = await insist(() => world.client.get(id));
        if (holds(record)) return record;
        if (isTerminal(record.status)) throw new Error(`ended before: ${JSON.stringify(record)}`);
        await moment(100);
      }
    },
    pods: (id) => pods(namespace).list(`${EXPERIMENT_LABEL}=${id}`),
    async restart(between) {
      await place.server.kill();
      await between?.();
      place.server = await world.start();
    },
  };
  return place;
}

async function addEngine(world: World, namespace: string, options: PlaceOptions): Promise<void> {
  const settings = join(world.folder, 'engine.json');
  const kubeconfig = join(world.folder, 'kubeconfig.json');
  await writeFile(settings, JSON.stringify({ image_pull_policy: pullPolicy(), ...options.settings }));
  if (options.kubeconfig) await writeFile(kubeconfig, JSON.stringify(await options.kubeconfig(namespace)));
  const from = options.kubeconfig ? kubeconfig : cluster.kubeconfig;
  const where = ['--kubeconfig', from, '--namespace', namespace, '--settings', settings];
  const { code, stderr } = await world.aichor(['engines', 'add', ENGINE, ...where]);
  if (code !== 0) throw new Error(`engines add ended with ${code}: ${stderr}`);
}

/** Images of a cluster of ours cannot be had from anywhere. */
function pullPolicy(): string | null {
  return cluster.state === null ? null : 'Never';
}

/** What lives is cancelled; then no object may be held by us any more. */
async function leave({ world, namespace }: Place): Promise<void> {
  const { experiments } = await insist(() => world.client.list({ limit: 1000 }));
  const live = experiments.filter(({ status }) => !isTerminal(status)).map((each) => each.experiment_id);
  if (live.length > 0) await insist(() => world.client.cancel({ ids: live }));
  for (const id of live) await world.end(id);
  await pods(namespace).until<Pod>((items) => items.every((pod) => !isHeld(pod)));
}

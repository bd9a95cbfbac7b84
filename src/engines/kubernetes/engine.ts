import { AichorError } from '../../errors.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import { pathsOf } from '../../render/kubernetes/rendering.ts';
import { placesOfProject } from '../../experiment/plan/storage-address.ts';
import type { Engine, RunContext } from '../engine.ts';
import { buildImage } from './build/build.ts';
import { clusterCapacity } from './fit/capacity.ts';
import { createPlanCheck } from './fit/check-plan.ts';
import { createNodeLister } from './fit/inventory.ts';
import type { ClusterDeps } from './deps.ts';
import type { KubernetesEngineOptions } from './options.ts';
import { discardDeleted, discardEnded, engineFolderOf, isUnfinished } from './end/discard.ts';
import { refuseWithoutRegistry } from './build/image.ts';
import { execInPod } from './exec/exec.ts';
import { rayHistoryLink } from './links/ray-history.ts';
import { openTensorBoardAgain } from './links/tensorboard-again.ts';
import { reachService } from './links/services.ts';
import { objectAccess } from './pod/object-access.ts';
import { clusterUsage } from './pod/usage.ts';
import { createUse } from './use.ts';
import { runExperiment } from './run/run.ts';

const IMAGE_FAIL_AFTER_S = 600;

/** The engine that has JobSet and KubeRay carry plans out in one namespace of a cluster. */
export function createKubernetesEngine(options: KubernetesEngineOptions): Engine {
  const { name, settings, dataFolder, imageFailAfterS = IMAGE_FAIL_AFTER_S } = options;
  const use = createUse(options);
  const nodes = createNodeLister(options.now);
  const deps: ClusterDeps = {
    name,
    nodes,
    settings,
    imageFailAfterS,
    looked: new Map(),
    now: options.now,
    log: options.log,
    connected: use.connected,
  };
  const connect = async () => (await use.connected()).cluster;
  const planCheck = createPlanCheck({ name, settings, nodes, connect });
  const place = (experimentId: string) => ({
    experimentId,
    directory: engineFolderOf(dataFolder, experimentId),
  });
  async function* carry(context: RunContext) {
    const done = use.follow(context.experimentId);
    try {
      yield* runExperiment(deps, context);
    } finally {
      done();
    }
  }
  return {
    name,
    kind: 'kubernetes',
    async check(plan, how) {
      refuseVertex(plan);
      refuseWithoutRegistry(plan, { name, settings });
      return planCheck.check(plan, how);
    },
    fit: planCheck.fit,
    capacity: () => clusterCapacity(connect),
    limits: async () => ({ cpus: null, gpus: null, memory_gb: null, max_experiments: null }),
    build: (context) => buildImage(deps, context),
    paths: ({ id, project, plan }) =>
      pathsOf({ plan: plan ?? NO_STORAGE, settings, experimentId: id, project }),
    async *run(context) {
      refuseVertex(context.plan);
      yield* carry(context);
    },
    async *collect(context) {
      // Whatever is kept of its run: of what has ended nothing is to begin, and what could not be stopped then is stopped now.
      const stop = AbortSignal.abort();
      if (await isUnfinished(context.directory)) yield* carry({ ...context, stop });
    },
    openTensorBoard: (context) => openTensorBoardAgain(deps, context),
    rayHistory: (id) => rayHistoryLink(settings, id),
    exec: (id, request) => execInPod(deps, id, request),
    usage: async (id) => clusterUsage(await connect(), id, deps.looked.get(id)?.view.objects ?? []),
    objectAccess: async (pods) => objectAccess(await connect(), settings, pods, options.credentials ?? null),
    projectPaths: (project) => placesOfProject(settings.storage, project),
    reach: async (id, service) => reachService(await connect(), id, service),
    close: use.close,
    discard: (id, why) => (why === 'ended' ? discardEnded(deps, place(id)) : discardDeleted(deps, place(id))),
  };
}

const NO_STORAGE: Pick<Plan, 'tensorboard' | 'storage'> = {
  tensorboard: { enabled: false, pvc: null },
  storage: { shared_volume: null, attached: [] },
};

function refuseVertex({ operator }: Plan): void {
  if (operator !== 'vertexai') return;
  throw new AichorError('engine_unavailable', 'the operator vertexai runs on Google Vertex AI only', {
    hint: 'use jobset, jax, pytorch, xgboost or kuberay',
  });
}

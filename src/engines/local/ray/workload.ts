import { graceOf } from '../../../experiment/plan/grace.ts';
import { counted } from '../../../base/text/plural.ts';
import { machineCapacity } from '../../../machine/capacity.ts';
import type { ExperimentFact } from '../../../experiment/event.ts';
import { plannedPods } from '../../../experiment/plan/planned-pods.ts';
import { hasSucceeded } from '../pod/pod.ts';
import { independentPods, type WorkloadKind } from '../workload.ts';
import {
  clusterFolder,
  dashboardPort,
  installPrograms,
  localParams,
  makeClusterFolder,
  removeClusterFolders,
  storeLimit,
  wantedPorts,
  type RayCluster,
} from './cluster.ts';
import { takesTokens } from '../../../operators/ray-tokens.ts';
import { rayToken, tokenFile } from './token.ts';
import { explainRay, lookUpRay } from './installed.ts';
import { clusterState, jobGraceS, rayEnvironment, rayPodCommand, SUBMITTER } from './pods.ts';

/** A Ray cluster (one an attempt), and the submitter that hands the command to it. */
export const RAY_CLUSTER: WorkloadKind = {
  wantedPorts,
  async open({ context, facts, ports, environment }) {
    const { plan, directory, experimentId } = context;
    await installPrograms(directory);
    const [head] = plannedPods(plan);
    if (head === undefined) throw new Error('a Ray cluster without pods');
    const installed = await lookUpRay(environment(head));
    const { memory_gb: machineGb } = await machineCapacity();
    const cluster: RayCluster = { ports, storeLimit: storeLimit(plan, machineGb), installed };
    const secrets = takesTokens(installed?.version ?? null)
      ? { RAY_AUTH_TOKEN: await rayToken(directory) }
      : {};
    const told: { progress: string | null; isLinked: boolean } = { progress: null, isLinked: false };
    return {
      ...independentPods(plan),
      problem: explainRay(installed, plan.ray_version),
      variables: {
        ...rayEnvironment(plan),
        ...(secrets.RAY_AUTH_TOKEN && { RAY_AUTH_MODE: 'token' }),
        ...secrets,
      },
      secrets,
      rayParams: (pod, attempt) =>
        localParams(plan, pod, { cluster, folder: clusterFolder(experimentId, attempt) }),
      command: (pod, attempt) => rayPodCommand(context, { pod, attempt, cluster }),
      async open(attempt) {
        told.isLinked = false;
        await makeClusterFolder(clusterFolder(experimentId, attempt));
      },
      startable(attempt, due) {
        const { head: isUp, ready, nodes } = clusterState(attempt);
        if (isUp && !told.isLinked) {
          told.isLinked = true;
          facts.push({
            type: 'link',
            name: 'ray_dashboard',
            url: `http://127.0.0.1:${dashboardPort(cluster)}`,
          });
          if (secrets.RAY_AUTH_TOKEN !== undefined) facts.push(howToLogIn(directory));
        }
        const all = counted(nodes, 'node');
        const message =
          ready === nodes ? `the Ray cluster of ${all} is up` : `the Ray cluster starts: ${ready} of ${all}`;
        if (told.progress !== message) facts.push({ type: 'progress', message });
        told.progress = message;
        return due.filter((pod) => ready === nodes || pod.pod !== SUBMITTER);
      },
      isDone: (pods) => pods.some((pod) => pod.name === SUBMITTER && hasSucceeded(pod)),
      endsLater: (pod, pods) =>
        pod.name !== SUBMITTER && pods.some(({ name, phase }) => name === SUBMITTER && phase === 'live'),
      graceS: (pod) => (pod.name === SUBMITTER ? jobGraceS(plan) : graceOf(plan)),
      endLinks: (to) => to.push({ type: 'link', name: 'ray_dashboard', url: null }),
      clearUp: (lastAttempt) => removeClusterFolders(experimentId, lastAttempt),
    };
  },
};

function howToLogIn(directory: string): Extract<ExperimentFact, { type: 'notice' }> {
  const message = `Ray's dashboard asks for a token that only this experiment has: cat ${tokenFile(directory)}`;
  return { type: 'notice', code: 'ray_dashboard_token', message };
}

import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { Group } from '../../experiment/plan/plan.ts';
import { takesTokens } from '../../operators/ray-tokens.ts';
import { backstopSeconds } from './deadline.ts';
import { renderEnvironment } from './pod/environment.ts';
import { withQueue } from './jobset.ts';
import { podSecurity, renderRayPod } from './pod/pod-template.ts';
import { containerSecurity } from './pod/security.ts';
import type { RayJob, RayWorkerGroupSpec } from './rayjob-types.ts';
import { experimentLabels, imageOf, metadataOf, type Rendering } from './rendering.ts';

/**
 * The same for every experiment: KubeRay pastes it unquoted into a script, and Ray joins its words again in a way
 * of its own. The command itself travels in a variable of the head, whose environment the driver inherits.
 */
const ENTRYPOINT = "bash -c 'bash <(printenv AICHOR_COMMAND)'";

const TOKENS = { mode: 'token' } as const;

/** Time in which the submitter's log can still be read. */
const TTL_SECONDS = 300;

/** How often the submitter is started again when it cannot reach the head. */
const SUBMITTER_RETRIES = 2;

/** The RayJob of a kuberay plan. Every group is as large as it will ever be: nothing scales by itself. */
export function renderRayJob(rendering: Rendering): RayJob {
  const { plan } = rendering;
  const head = groupOf(rendering, 'head');
  const deadline = backstopSeconds(plan);
  return {
    apiVersion: 'ray.io/v1',
    kind: 'RayJob',
    metadata: withQueue(metadataOf(rendering), rendering),
    spec: {
      submissionMode: 'K8sJobMode',
      entrypoint: ENTRYPOINT,
      suspend: false,
      backoffLimit: plan.backoff_limit,
      ...(deadline === null ? {} : { activeDeadlineSeconds: deadline }),
      shutdownAfterJobFinishes: true,
      ttlSecondsAfterFinished: TTL_SECONDS,
      submitterConfig: { backoffLimit: SUBMITTER_RETRIES },
      submitterPodTemplate: submitterTemplate(rendering),
      rayClusterSpec: {
        rayVersion: plan.ray_version ?? '',
        // KubeRay makes a token for the cluster, and gives it to its pods and to the submitter.
        ...(rendering.rayTokens !== false && takesTokens(plan.ray_version) && { authOptions: TOKENS }),
        headGroupSpec: {
          rayStartParams: head.ray_start_params,
          template: renderRayPod(rendering, head, 'ray-head'),
        },
        workerGroupSpecs: plan.groups
          .filter(({ role }) => role === 'worker-group')
          .map((group) => workerGroup(rendering, group)),
      },
    },
  };
}

function groupOf({ plan }: Rendering, role: Group['role']): Group {
  const group = plan.groups.find((each) => each.role === role);
  if (group === undefined) throw new RangeError(`a kuberay plan without a ${role}`);
  return group;
}

function workerGroup(rendering: Rendering, group: Group): RayWorkerGroupSpec {
  return {
    groupName: group.name,
    replicas: group.replicas,
    minReplicas: group.replicas,
    maxReplicas: group.replicas,
    numOfHosts: group.completions,
    rayStartParams: group.ray_start_params,
    template: renderRayPod(rendering, group, 'ray-worker'),
  };
}

/** Hands the job to the dashboard and prints its log: needs little, wherever the cluster has room. */
function submitterTemplate(rendering: Rendering): PodTemplateSpec {
  const { settings } = rendering;
  const group = groupOf(rendering, 'submitter');
  const securityContext = podSecurity(rendering);
  return {
    metadata: { labels: { ...experimentLabels(rendering), 'aichor.io/type': group.name } },
    spec: {
      restartPolicy: 'Never',
      // The same image, and so the same user.
      ...(settings.pod_security !== null && securityContext !== null && { securityContext }),
      ...(settings.pull_secret === null ? {} : { imagePullSecrets: [{ name: settings.pull_secret }] }),
      containers: [
        {
          name: 'ray-job-submitter',
          image: imageOf(rendering),
          ...(settings.image_pull_policy === null ? {} : { imagePullPolicy: settings.image_pull_policy }),
          env: renderEnvironment(rendering, group),
          resources: { requests: { cpu: '100m', memory: '200Mi' }, limits: { cpu: '1', memory: '1Gi' } },
          ...containerSecurity(rendering),
        },
      ],
    },
  };
}

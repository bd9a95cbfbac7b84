import type { Namespace, Pod, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { Plan } from '../../../../experiment/plan/plan.ts';
import type { Finding, Path } from '../../../../manifest/diagnostic.ts';
import { renderKubernetes, type KubernetesObject } from '../../../../render/kubernetes/objects.ts';
import type { KubernetesSettings } from '../../../../render/kubernetes/settings/settings.ts';
import { isClusterError } from '../../api/cluster-error.ts';
import type { Cluster } from '../../api/cluster.ts';
import { readDocument } from '../../api/document.ts';
import { RESOURCES } from '../../api/objects.ts';
import { pathOf } from '../../api/paths.ts';

/** A pod that the namespace's pod security level will not have. */
export interface SecurityRefusal {
  level: string;
  /** Of the pods, as the plan names their group; null: of the pod that builds the image. */
  group: string | null;
  /** As the API server says it; null: it was not asked, because this user may not make pods. */
  said: string | null;
}

export const LEVEL_LABEL = 'pod-security.kubernetes.io/enforce';

/** What the label of a namespace says; null: nothing is enforced there, or this user may not look at it. */
export async function enforcedLevel(cluster: Cluster): Promise<string | null> {
  try {
    const namespace = await cluster.get<Namespace>(RESOURCES.namespaces, cluster.namespace);
    return namespace?.metadata?.labels?.[LEVEL_LABEL] ?? null;
  } catch (error) {
    if (isClusterError(error, 403)) return null;
    throw error;
  }
}

/**
 * Which pods of a plan the namespace's level refuses: the API server itself is asked, by making each of them for show,
 * because nobody else has its words, or knows its version of the level. Controllers would meet that refusal only later.
 */
export async function securityRefusals(
  cluster: Cluster,
  { plan, settings }: { plan: Plan; settings: KubernetesSettings },
): Promise<SecurityRefusal[]> {
  const level = await enforcedLevel(cluster);
  if (level === null || level === 'privileged') return [];
  const wanted = { ...settings, namespace: cluster.namespace };
  const objects = renderKubernetes({ plan, settings: wanted, experimentId: NO_EXPERIMENT, project: 'none' });
  const asked = objects.flatMap(templatesOf).map(async ({ group, template }): Promise<SecurityRefusal[]> => {
    const said = await refusalOf(cluster, template);
    if (said === 'taken') return [];
    if (said !== 'not asked') return [{ level, group, said }];
    return isRefused(group, level, settings) ? [{ level, group, said: null }] : [];
  });
  return (await Promise.all(asked)).flat();
}

/** As far as it can be told without asking: builds confine nothing, other pods what the engine's settings say. */
function isRefused(group: string | null, level: string, { pod_security }: KubernetesSettings): boolean {
  return group === null || (level === 'restricted' && pod_security !== 'restricted');
}

const NO_EXPERIMENT = '00000000-0000-4000-8000-000000000000';

interface Template {
  group: string | null;
  template: PodTemplateSpec;
}

function templatesOf(object: KubernetesObject): Template[] {
  if (object.kind === 'JobSet')
    return object.spec.replicatedJobs.map(({ name, template }) => ({
      group: name,
      template: template.spec.template,
    }));
  if (object.kind === 'RayJob') {
    const { headGroupSpec: head, workerGroupSpecs: workers } = object.spec.rayClusterSpec;
    return [
      { group: 'head', template: head.template },
      ...workers.map(({ groupName, template }) => ({ group: groupName, template })),
    ];
  }
  const isBuild = object.kind === 'Job' && 'template' in (object.spec ?? {});
  return isBuild && object.spec !== undefined ? [{ group: null, template: object.spec.template }] : [];
}

/** What the API server's own text of such a refusal begins with; it has no code of its own. */
const VIOLATES = /violates PodSecurity .*/s;

/** For other reasons than the level (a quota that is used up) the controllers ask again by themselves. */
async function refusalOf(
  cluster: Cluster,
  { metadata = {}, spec }: PodTemplateSpec,
): Promise<string | 'taken' | 'not asked'> {
  const { labels = {} } = metadata;
  // Who sends `restartPolicy` with a RayJob's pods is KubeRay.
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'aichor-for-show-', labels },
    ...(spec && { spec }),
  };
  try {
    await readDocument(cluster, `${pathOf(RESOURCES.pods, cluster.namespace)}?dryRun=All`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(pod),
    });
    return 'taken';
  } catch (error) {
    if (!isClusterError(error)) throw error;
    const violation = VIOLATES.exec(error.message)?.[0];
    if (violation !== undefined) return violation;
    if (error.status === 0 || error.status === 401) throw error;
    return isClusterError(error, 403) ? 'not asked' : 'taken';
  }
}

/** Each at its type, with what makes the pods otherwise. */
export function securityFindings(
  plan: Plan,
  refusals: readonly SecurityRefusal[],
  { engine, settings, namespace }: { engine: string; settings: KubernetesSettings; namespace: string },
): Finding[] {
  return refusals.map(({ level, group, said }) => {
    const whose = group === null ? 'the pod that builds the image' : `pods of ${group}`;
    const words = said ?? `it enforces the pod security level ${level}`;
    return {
      code: 'engine-pod-security',
      at: 'key',
      path: placeOf(plan, group),
      message: `the namespace ${namespace} of the engine ${engine} refuses ${whose}: ${words}`,
      hint: cureOf(plan, { group, level, engine, settings }),
    };
  });
}

function placeOf({ security }: Plan, group: string | null): Path {
  if (group === null) return ['builder'];
  const added = security.perfmon ? 'perfmon' : security.ptrace ? 'ptrace' : null;
  return added === null ? ['spec'] : ['spec', 'securityContext', added];
}

interface Refused {
  group: string | null;
  level: string;
  engine: string;
  settings: KubernetesSettings;
}

function cureOf({ security }: Plan, { group, level, engine, settings }: Refused): string {
  if (group === null)
    return 'name an image that is finished (builder.skipBuild.enabled: true), or another engine: images are built in namespaces of the level privileged';
  if (security.perfmon || security.ptrace)
    return 'remove it, or name an engine whose namespace has the level privileged';
  if (security.run_as_user === 0) return 'set spec.securityContext.runAsUser to another user than 0';
  if (level === 'restricted' && settings.pod_security !== 'restricted')
    return `aichor engines add ${engine} with --replace, what it was added with, and --set pod_security=restricted makes pods for it`;
  return 'the administrator of the namespace can tell what it takes, or name another engine';
}

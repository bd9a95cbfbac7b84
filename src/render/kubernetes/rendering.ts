import { fillIn } from '../../experiment/plan/storage-address.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import { isFullReference } from '../../manifest/image-reference.ts';
import { givenImage, reusedExperiment } from '../../operators/image.ts';
import { objectName } from '../../operators/object-name.ts';
import type { KubernetesSettings } from './settings/settings.ts';

/** Everything one rendering reads: which experiment, its plan, and what the cluster wants. */
export interface Rendering {
  plan: Plan;
  settings: KubernetesSettings;
  experimentId: string;
  project: string;
  /** The image as it was given, built or found, by digest where that is known; absent: it is still to come. */
  image?: string;
  /** Attempts in workloads that came before this one, in whose pods the count of restarts begins anew. Default: none. */
  attemptsBefore?: number;
  /** Groups whose pods go to on-demand nodes unless the manifest says otherwise. Default: none. */
  onDemand?: ReadonlySet<string>;
  /** Whether the KubeRay that is there has `authOptions`. Default: yes. */
  rayTokens?: boolean;
}

/** Labels of every object of an experiment. */
export function experimentLabels({ plan, experimentId }: Rendering): Record<string, string> {
  return { 'aichor.io/experiment-id': experimentId, 'aichor.io/operator': plan.operator };
}

/** Name, namespace and labels of an object; `suffix` tells the experiment's objects apart. */
export function metadataOf(rendering: Rendering, suffix: string | null = null) {
  const { namespace } = rendering.settings;
  return {
    name: nameOf(rendering, suffix),
    ...(namespace === null ? {} : { namespace }),
    labels: experimentLabels(rendering),
  };
}

export function nameOf({ experimentId }: Rendering, suffix: string | null = null): string {
  const name = objectName(experimentId);
  return suffix === null ? name : `${name}-${suffix}`;
}

/** The image that pods run. While it is not there yet, the tag that it is going to have. */
export function imageOf(rendering: Rendering): string {
  const { plan, experimentId, image } = rendering;
  if (image !== undefined) return image;
  return givenImage(plan) ?? tagOf(rendering, reusedExperiment(plan) ?? experimentId);
}

/** The name under which the experiment's own build is pushed: the manifest's where that is a full reference. */
export function builtImageOf(rendering: Rendering): string {
  return tagOf(rendering, rendering.experimentId);
}

function tagOf({ plan, settings }: Rendering, experimentId: string): string {
  const { image, registry } = plan.builder;
  if (isFullReference(image)) return image;
  const host = registry ?? settings.registry;
  return `${host === null ? '' : `${host.replace(/\/+$/, '')}/`}${image}:${experimentId}`;
}

/** What of a rendering says where things are. */
export interface Placing extends Pick<Rendering, 'settings' | 'experimentId' | 'project'> {
  plan: Pick<Plan, 'storage' | 'tensorboard'>;
}

/** Where inputs, outputs and TensorBoard's events are; the latter on the volume when it uses one. */
export function pathsOf(rendering: Placing): { input: string; output: string; tensorboard: string | null } {
  const { plan, settings } = rendering;
  const input = fillIn(settings.storage.input, rendering);
  const output = fillIn(settings.storage.output, rendering);
  const volume = plan.storage.attached.find(({ name }) => name === plan.tensorboard.pvc);
  const events = volume
    ? `${absolute(volume.mount_point)}/${rendering.experimentId}`
    : `${output}tensorboard`;
  return { input, output, tensorboard: plan.tensorboard.enabled ? events : null };
}

/** A mount point as the cluster reads it: from the root, without a slash at its end. */
export function absolute(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}

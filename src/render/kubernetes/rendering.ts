import type { Plan } from '../../experiment/plan.ts';
import { objectName } from '../../operators/object-name.ts';
import type { KubernetesSettings } from './settings.ts';

/** Everything one rendering reads: which experiment, its plan, and what the cluster wants. */
export interface Rendering {
  plan: Plan;
  settings: KubernetesSettings;
  experimentId: string;
  project: string;
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

/** The image that is built and run, tagged with the experiment whose build it is. */
export function imageOf({ plan, settings, experimentId }: Rendering): string {
  const { image, registry, skip_build: reused } = plan.builder;
  const host = registry ?? settings.registry;
  const tag = reused?.experiment_id ?? experimentId;
  return `${host === null ? '' : `${host.replace(/\/+$/, '')}/`}${image}:${tag}`;
}

/** Where inputs, outputs and TensorBoard's events are; the latter on the volume when it uses one. */
export function pathsOf(rendering: Rendering): { input: string; output: string; tensorboard: string | null } {
  const { plan, settings } = rendering;
  const input = fillIn(settings.storage.input, rendering);
  const output = fillIn(settings.storage.output, rendering);
  const volume = plan.storage.attached.find(({ name }) => name === plan.tensorboard.pvc);
  const events = volume
    ? `${absolute(volume.mount_point)}/${rendering.experimentId}`
    : `${output}tensorboard`;
  return { input, output, tensorboard: plan.tensorboard.enabled ? events : null };
}

function fillIn(template: string, { project, experimentId }: Rendering): string {
  return template.replaceAll('{project}', () => project).replaceAll('{experiment}', () => experimentId);
}

/** A mount point as the cluster reads it: from the root, without a slash at its end. */
export function absolute(path: string): string {
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
}

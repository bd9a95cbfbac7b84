import { projectFolder } from '../../experiment/project-name.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { LocalRun } from './run-facts.ts';

/** What a bucket's name has beside the project's. */
const LONGEST_BUCKET = 63;

/** The name of a project's bucket: lower case, digits and hyphens, 3 to 63 of them. */
export function bucketName(project: string, of: 'inputs' | 'outputs'): string {
  const slug = projectFolder(project)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_BUCKET - of.length - 1)
    .replace(/^-+|-+$/g, '');
  return `${slug === '' ? 'project' : slug}-${of}`;
}

/** Where an experiment of the embedded engine reads and writes, below the data folder. */
export function localPaths(
  dataFolder: string,
  experiment: { id: string; project: string; tensorboard: Plan['tensorboard']; isBucket?: boolean },
): LocalRun['paths'] {
  const { id, tensorboard, isBucket = false } = experiment;
  const project = projectFolder(experiment.project);
  // With `usePVC` the events of all experiments that use the volume stand beside each other in it, as on the cluster.
  const events = tensorboard.pvc === null ? 'tensorboard' : `volumes/${tensorboard.pvc}`;
  const output = `${dataFolder}/outputs/${project}/output/${id}/`;
  // In a bucket they lie below the outputs, as on the cluster.
  const folder = isBucket ? `${output}tensorboard` : `${dataFolder}/${events}/${id}`;
  return {
    input: `${dataFolder}/inputs/${project}/`,
    output,
    tensorboard: tensorboard.enabled ? folder : null,
  };
}

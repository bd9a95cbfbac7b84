import { projectFolder } from '../../experiment/project-name.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { LocalRun } from './run-facts.ts';

/** Where an experiment of the embedded engine reads and writes, below the data folder. */
export function localPaths(
  dataFolder: string,
  experiment: { id: string; project: string; tensorboard: Plan['tensorboard'] },
): LocalRun['paths'] {
  const { id, tensorboard } = experiment;
  const project = projectFolder(experiment.project);
  // With `usePVC` the events of all experiments that use the volume stand beside each other in it, as on the cluster.
  const events = tensorboard.pvc === null ? 'tensorboard' : `volumes/${tensorboard.pvc}`;
  return {
    input: `${dataFolder}/inputs/${project}/`,
    output: `${dataFolder}/outputs/${project}/output/${id}/`,
    tensorboard: tensorboard.enabled ? `${dataFolder}/${events}/${id}` : null,
  };
}

import { projectFolder } from '../../experiment/project-name.ts';
import type { LocalRun } from './run-facts.ts';

/** Where an experiment of the embedded engine reads and writes, below the data folder. */
export function localPaths(
  dataFolder: string,
  experiment: { id: string; project: string; tensorboard: boolean },
): LocalRun['paths'] {
  const { id, tensorboard } = experiment;
  const project = projectFolder(experiment.project);
  return {
    input: `${dataFolder}/inputs/${project}/`,
    output: `${dataFolder}/outputs/${project}/output/${id}/`,
    tensorboard: tensorboard ? `${dataFolder}/tensorboard/${id}` : null,
  };
}

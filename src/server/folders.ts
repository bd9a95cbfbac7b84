import { join } from 'node:path';
import type { ExperimentRecord } from '../experiment/record.ts';

/** Places below the data folder that the control plane itself uses. */
export interface Folders {
  data: string;
  database: string;
  lock: string;
  log: string;
  /** `{pid, version, address}` of the running server. */
  serverFile: string;
  experiments: string;
  environments: string;
  outputs: string;
}

export function foldersBelow(data: string): Folders {
  return {
    data,
    database: join(data, 'control-plane.sqlite'),
    lock: join(data, 'server.lock.sqlite'),
    log: join(data, 'server.log'),
    serverFile: join(data, 'server.json'),
    experiments: join(data, 'experiments'),
    environments: join(data, 'environments'),
    outputs: join(data, 'outputs'),
  };
}

export function experimentFolder(folders: Folders, id: string): string {
  return join(folders.experiments, id);
}

/** Private to the engine that carries the experiment out. */
export function engineFolder(folders: Folders, id: string): string {
  return join(experimentFolder(folders, id), 'engine');
}

/** Values that stand nowhere else: secrets, and the variables of the submitting shell. */
export function privateFile(folders: Folders, id: string): string {
  return join(experimentFolder(folders, id), 'secrets.json');
}

/** Where an experiment of the embedded engine reads and writes. */
export function experimentPaths(
  { data }: Folders,
  experiment: { id: string; project: string; tensorboard: { enabled: boolean; pvc: string | null } },
): ExperimentRecord['paths'] {
  const { id, project, tensorboard } = experiment;
  // With `usePVC` the events of all experiments that use the volume stand beside each other in it, as on the cluster.
  const events =
    tensorboard.pvc === null ? join(data, 'tensorboard', id) : join(data, 'volumes', tensorboard.pvc, id);
  return {
    input: `${join(data, 'inputs', project)}/`,
    output: `${join(data, 'outputs', project, 'output', id)}/`,
    tensorboard: tensorboard.enabled ? events : null,
    workdir: null,
  };
}

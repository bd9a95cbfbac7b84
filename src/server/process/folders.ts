import { join } from 'node:path';

/** Places below the data folder that the control plane itself uses. */
export interface Folders {
  data: string;
  database: string;
  /** Secrets, and the variables of submitting shells: values that stand nowhere else. */
  privateValues: string;
  lock: string;
  log: string;
  /** `{pid, version, address}` of the running server. */
  serverFile: string;
  /** Port of this machine that links are served on. */
  linksPort: string;
  experiments: string;
  environments: string;
  outputs: string;
}

export function foldersBelow(data: string): Folders {
  return {
    data,
    database: join(data, 'control-plane.sqlite'),
    privateValues: join(data, 'private-values.sqlite'),
    lock: join(data, 'server.lock.sqlite'),
    log: join(data, 'server.log'),
    serverFile: join(data, 'server.json'),
    linksPort: join(data, 'links.port'),
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

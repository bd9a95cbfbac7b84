import { join } from 'node:path';

/** Places below the data folder that the control plane itself uses. */
export interface Folders {
  data: string;
  database: string;
  /** Secrets, and the variables of submitting shells: values that stand nowhere else. */
  privateValues: string;
  /** Whom experiments tell when they are over, and what is still to be told. */
  outbox: string;
  lock: string;
  log: string;
  /** `{pid, version, address}` of the running server. */
  serverFile: string;
  /** Port of this machine that links are served on. */
  linksPort: string;
  /** The same of the console, and the name that it is served under. */
  consolePort: string;
  consoleName: string;
  /** Of browsers, as hashes. */
  sessions: string;
  experiments: string;
  environments: string;
  outputs: string;
  /** Repositories that are kept between clones. */
  repositories: string;
}

/** Folders below the data folder, whoever makes and uses them. */
const NAMES = [
  'blobs',
  'environments',
  'experiments',
  'inputs',
  'outputs',
  'ports',
  'repositories',
  'reserve',
  'snapshots',
  'tensorboard',
  'uploads',
  'volumes',
];

/** Every folder below the data folder, whether it is there yet or not. */
export function allFoldersBelow(data: string): string[] {
  return NAMES.map((name) => join(data, name));
}

/** Every file of the control plane itself. */
export function allFilesOf({ data, config }: { data: string; config: string }): string[] {
  const below = foldersBelow(data);
  return [
    below.database,
    below.privateValues,
    below.outbox,
    below.lock,
    below.log,
    below.serverFile,
    below.linksPort,
    below.consolePort,
    below.consoleName,
    below.sessions,
    join(config, 'keys.json'),
    join(config, 'server-key'),
    join(config, 'engines.json'),
    join(config, 'credentials.json'),
  ];
}

export function foldersBelow(data: string): Folders {
  return {
    data,
    database: join(data, 'control-plane.sqlite'),
    privateValues: join(data, 'private-values.sqlite'),
    outbox: join(data, 'notifications.sqlite'),
    lock: join(data, 'server.lock.sqlite'),
    log: join(data, 'server.log'),
    serverFile: join(data, 'server.json'),
    linksPort: join(data, 'links.port'),
    consolePort: join(data, 'console.port'),
    consoleName: join(data, 'console.name'),
    sessions: join(data, 'sessions.json'),
    experiments: join(data, 'experiments'),
    environments: join(data, 'environments'),
    outputs: join(data, 'outputs'),
    repositories: join(data, 'repositories'),
  };
}

export function experimentFolder(folders: Pick<Folders, 'experiments'>, id: string): string {
  return join(folders.experiments, id);
}

/** Private to the engine that carries the experiment out. */
export function engineFolder(folders: Folders, id: string): string {
  return join(experimentFolder(folders, id), 'engine');
}

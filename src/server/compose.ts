import { randomUUID } from 'node:crypto';
import type { Engine } from '../engines/engine.ts';
import { createLocalEngine } from '../engines/local/engine.ts';
import { createLogStore } from '../log-store/log-store.ts';
import { readSettingsFile } from '../machine/settings-file.ts';
import type { StateFolder } from '../machine/state-folder.ts';
import { createSnapshotStore } from '../snapshot-store/store.ts';
import { createChanges } from './changes.ts';
import { createCommitSource } from './commits.ts';
import type { ControlPlane, Ground } from './control-plane.ts';
import type { Folders } from './folders.ts';
import type { Log } from './ports.ts';
import { openSqliteStore } from './store/sqlite.ts';
import { createSupervisor, type Supervisor } from './supervision/supervisor.ts';

interface Ingredients {
  env: Record<string, string | undefined>;
  version: string;
  engines: readonly Engine[];
  folders: Folders;
  log: Log;
  closing: AbortSignal;
  /** Called when the last live experiment has ended. */
  onIdle(): void;
  stop(): void;
}

/** Largest directory that is taken: 2 GB (contract 6). */
const SNAPSHOT_LIMIT = 2_000_000_000;

/** Everything of the control plane, put together; its address is known once it listens. */
export interface Composed {
  supervisor: Supervisor;
  plane(address: () => string): ControlPlane;
  /** Lets go of experiments, then of files. */
  close(): Promise<void>;
}

export async function compose(ingredients: Ingredients): Promise<Composed> {
  const { env, folders, log, version, closing, onIdle, stop } = ingredients;
  const now = () => new Date();
  const changes = createChanges();
  const store = await openSqliteStore({ file: folders.database, now, onChange: changes.publish });
  const logs = createLogStore(folders.experiments, now);
  const ground: Ground = {
    ...{ store, logs, folders, log, now },
    snapshots: createSnapshotStore(folders.data),
    engines: new Map(ingredients.engines.map((engine) => [engine.name, engine])),
  };
  const supervisor = createSupervisor(ground, onIdle);
  supervisor.recover();
  const commits = createCommitSource(env);
  return {
    supervisor,
    plane: (address) => ({
      ...ground,
      ...{ version, changes, commits, supervisor, closing, stop },
      get address() {
        return address();
      },
      pid: process.pid,
      newId: randomUUID,
      snapshotLimit: SNAPSHOT_LIMIT,
    }),
    async close() {
      await supervisor.close();
      await logs.close();
      store.close();
    },
  };
}

interface LocalEngineWish {
  env: Record<string, string | undefined>;
  limits: { cpus: number | null; max_experiments: number | null };
  state: StateFolder;
}

/** Flags of `server start` beat the settings file. */
export function localEngine({ env, limits, state: { config, data } }: LocalEngineWish): Engine {
  const settings = readSettingsFile(config);
  return createLocalEngine({
    dataFolder: data,
    env,
    now: () => new Date(),
    limits: {
      cpus: limits.cpus ?? settings.cpus ?? null,
      max_experiments: limits.max_experiments ?? settings.max_experiments ?? null,
    },
  });
}

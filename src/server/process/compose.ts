import { randomUUID } from 'node:crypto';
import type { Engine } from '../../engines/engine.ts';
import { createLocalEngine } from '../../engines/local/engine.ts';
import { createLogStore } from '../../logs/store/log-store.ts';
import { readSettingsFile } from '../../machine/settings-file.ts';
import { shellBasics } from '../../experiment/shell-basics.ts';
import type { StateFolder } from '../../machine/state-folder.ts';
import { createSnapshotStore } from '../../snapshot/store/store.ts';
import { completeSettings } from '../../render/kubernetes/settings/settings-schema.ts';
import { createChanges } from '../experiments/changes.ts';
import { createCommitSource } from '../submission/commit/commits.ts';
import type { EngineEntry, Kubernetes } from '../engines/cluster.ts';
import { openEngineRegistry } from '../engines/registry.ts';
import type { Folders } from './folders.ts';
import { createLinks, type LinkServer } from '../links/links.ts';
import { createMetrics } from '../metrics/metrics.ts';
import type { Log } from '../ports.ts';
import { createAcceptor } from '../submission/accept.ts';
import { createPreparer } from '../submission/prepare.ts';
import { openPrivateStore } from '../submission/private-values.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { pruneDaily } from '../storage/environments.ts';
import { stateOf } from '../store/store.ts';
import type { Ground } from '../supervision/ground.ts';
import { whatFills } from '../supervision/room.ts';
import { createSupervisor, type Supervisor } from '../supervision/supervisor.ts';
import { useCases, type UseCases } from '../use-cases.ts';

interface Ingredients {
  env: Record<string, string | undefined>;
  version: string;
  local: Engine;
  /** Whether whoever may submit may use it, and not only the server's own user. */
  localForAll: boolean;
  /** Where the engines that were added are kept. */
  configFolder: string;
  folders: Folders;
  log: Log;
  closing: AbortSignal;
  /** Called when the last live experiment has ended. */
  onIdle(): void;
  /** Where browsers find a team's server; null: nowhere. */
  publicAddress: Promise<string> | null;
  /** Of a team's server; null: the embedded one. */
  defaultEngine: string | null;
  /** Called with each beginning and end of a request for a link. */
  onRequest(): void;
  /** How it is reached, once it listens. */
  address(): string;
}

/** Largest directory that is taken: 2 GB (contract 6). */
const SNAPSHOT_LIMIT = 2_000_000_000;

/** Everything of the control plane, put together. */
export interface Composed {
  supervisor: Supervisor;
  links: LinkServer;
  /** What can be asked of it. */
  uses: UseCases;
  /** The disk is full, or about to be: says so in the log, and in the records of what runs here, with what fills it. */
  tellRoom(code: 'disk_full' | 'disk_low'): Promise<void>;
  /** Lets go of experiments, then of files. */
  close(): Promise<void>;
}

export async function compose(ingredients: Ingredients): Promise<Composed> {
  const { env, folders, log, version, closing, onIdle } = ingredients;
  const now = () => new Date();
  const changes = createChanges();
  const store = await openSqliteStore({ file: folders.database, now, onChange: changes.publish });
  const logs = createLogStore(folders.experiments, now);
  const registry = await openEngineRegistry({
    configFolder: ingredients.configFolder,
    local: ingredients.local,
    log,
    kubernetes: () => loadKubernetes({ env, now, log, dataFolder: folders.data }),
    needed: new Set(store.live().map((id) => stateOf(store, id).record.engine)),
  });
  const links = createLinks({
    address: ingredients.publicAddress,
    portFile: folders.linksPort,
    now,
    log,
    onRequest: ingredients.onRequest,
    engineOf: (id) => registry.engines.get(store.state(id)?.record.engine ?? '') ?? null,
  });
  const { engines } = registry;
  const privateValues = await openPrivateStore(folders, log);
  privateValues.keepOnly(store.ids({}));
  const snapshots = createSnapshotStore(folders.data);
  if (snapshots.damaged.length > 0)
    log.warn({ indexes: snapshots.damaged }, 'damaged: the files that these told of are sent again');
  const metrics = createMetrics({ store, folders, log, now });
  const ground: Ground = { store, snapshots, logs, engines, folders, privateValues, links, metrics, log };
  const supervisor = createSupervisor(ground, onIdle);
  supervisor.recover();
  pruneDaily({ store, folders, now, log }, closing);
  return {
    supervisor,
    links,
    uses: useCases({
      ...ground,
      changes,
      registry,
      supervisor,
      closing,
      now,
      version,
      pid: process.pid,
      get address() {
        return ingredients.address();
      },
      commits: createCommitSource(env),
      defaultEngine: ingredients.defaultEngine,
      snapshotLimit: SNAPSHOT_LIMIT,
      preparer: createPreparer(engines),
      localForAll: ingredients.localForAll,
      acceptor: createAcceptor({
        store,
        privateValues,
        engines,
        supervisor,
        basics: shellBasics(env),
        log,
        newId: randomUUID,
        now,
      }),
    }),
    async tellRoom(code) {
      try {
        const message = await whatFills(folders);
        log.warn({ folder: folders.data }, message);
        supervisor.tellRunning(code, message);
      } catch (error) {
        log.error({ err: error }, 'what fills the disk could not be told');
      }
    },
    async close() {
      await supervisor.close();
      await registry.close();
      await logs.close();
      privateValues.close();
      store.close();
    },
  };
}

/** The code of Kubernetes engines is loaded by those who have one. */
async function loadKubernetes(around: {
  env: Ingredients['env'];
  dataFolder: string;
  now: () => Date;
  log: Log;
}): Promise<Kubernetes> {
  const { env } = around;
  const { checkConfigured, configuredEngine, ownNamespace, serverOf } =
    await import('../../engines/kubernetes/configured.ts');
  return {
    engine: (entry) => configuredEngine(configured(entry), around),
    server: (entry) => serverOf(configured(entry).access, env),
    check: (entry) => checkConfigured(configured(entry), around),
    ownNamespace: () => ownNamespace(env),
  };
}

function configured({ name, connection, namespace, settings }: EngineEntry) {
  const access =
    connection.kind === 'in-cluster'
      ? ({ kind: 'in-cluster', namespace } as const)
      : ({ kind: 'kubeconfig', file: connection.file, context: connection.context, namespace } as const);
  return { name, access, settings: completeSettings(settings, namespace) };
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
    maxPods: settings.max_pods,
    storage: settings.storage,
    limits: {
      cpus: limits.cpus ?? settings.cpus ?? null,
      max_experiments: limits.max_experiments ?? settings.max_experiments ?? null,
    },
  });
}

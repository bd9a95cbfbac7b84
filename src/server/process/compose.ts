import { randomUUID } from 'node:crypto';
import type { Engine } from '../../engines/engine.ts';
import { createLocalEngine } from '../../engines/local/engine.ts';
import { createLogStore } from '../../logs/store/log-store.ts';
import { readSettingsFile } from '../../machine/settings-file.ts';
import { shellBasics } from '../../experiment/shell-basics.ts';
import type { StateFolder } from '../../machine/state-folder.ts';
import { createSnapshotStore } from '../../snapshot/store/store.ts';
import { completeSettings } from '../../render/kubernetes/settings/settings-schema.ts';
import { placesOf } from '../console/team.ts';
import { createChanges } from '../experiments/changes.ts';
import { createCommitSource } from '../submission/commit/commits.ts';
import type { EngineEntry, Kubernetes } from '../engines/cluster.ts';
import { openEngineRegistry } from '../engines/registry.ts';
import type { Folders } from './folders.ts';
import { createHooks, type Hooks } from '../hooks/hooks.ts';
import { createLinks, type LinkServer } from '../links/links.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { counted } from '../monitor/counted.ts';
import type { Meter } from '../monitor/meter.ts';
import { openMeter } from '../monitor/open.ts';
import type { Log, SnapshotStore } from '../ports.ts';
import { createAcceptor } from '../submission/accept.ts';
import { createPreparer } from '../submission/prepare.ts';
import { openPrivateStore } from '../submission/private-values.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite.ts';
import { KEPT_CHANGES } from '../store/tables/feed.ts';
import { pruneDaily } from '../storage/environments.ts';
import { expireHourly } from '../storage/retention.ts';
import { stateOf } from '../store/store.ts';
import type { AuditTable } from '../store/tables/audit.ts';
import type { Ground } from '../supervision/ground.ts';
import { createLater } from '../supervision/recording/later.ts';
import { whatFills } from '../supervision/room.ts';
import { openNotifier } from '../told/open.ts';
import { createSupervisor, type Supervisor } from '../supervision/supervisor.ts';
import { useCases, type Parts, type UseCases } from '../use-cases.ts';

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
  /** Bytes that may be taken by all of a kind together. */
  most: StoredAtMost;
  /** How it is reached, once it listens. */
  address(): string;
  /** Requests that are being answered. */
  requests(): number;
}

const GB = 1e9;
/** GB of all of them together, unless the settings say otherwise. */
const SNAPSHOTS_GB = 100;
/** GB of the largest directory that is taken, likewise (contract 6). */
const SNAPSHOT_GB = 2;
const CLONES_GB = 20;

/** Everything of the control plane, put together. */
export interface Composed {
  supervisor: Supervisor;
  /** Messages that are still to be told. */
  untold(): number;
  links: LinkServer;
  /** What can be asked of it. */
  uses: UseCases;
  audit: AuditTable;
  /** What a team's server counts; null: the embedded one. */
  meter: Meter | null;
  /** Takes what hosts of Git send to hooks. */
  hooks: Pick<Hooks, 'isThere' | 'take'>;
  /** The disk is full, or about to be: says so in the log, and in the records of what runs here, with what fills it. */
  tellRoom(code: 'disk_full' | 'disk_low'): Promise<void>;
  /** While there is plenty of room on the disk: some of it is kept for what must be recorded without. */
  keepRoom(): void;
  /** Lets go of experiments, then of files. */
  close(): Promise<void>;
}

export async function compose(ingredients: Ingredients): Promise<Composed> {
  const { env, folders, log, version, closing, onIdle } = ingredients;
  const now = () => new Date();
  const { changes, store, privateValues, notifier } = await openRecords(ingredients, now);
  const logs = createLogStore(folders.experiments, now);
  const registry = await openEngineRegistry({
    configFolder: ingredients.configFolder,
    local: ingredients.local,
    log,
    kubernetes: () => loadKubernetes({ env, now, log, dataFolder: folders.data }),
    needed: new Set(store.live().map((id) => stateOf(store, id).record.engine)),
  });
  const links = createLinks({
    address: linksAddress(ingredients),
    portFile: folders.linksPort,
    now,
    log,
    onRequest: ingredients.onRequest,
    engineOf: (id) => registry.engines.get(store.state(id)?.record.engine ?? '') ?? null,
  });
  const { engines } = registry;
  privateValues.keepOnly(store.ids({}));
  const snapshots = openSnapshots(ingredients, store);
  const metrics = createMetrics({ store, folders, log, now, env });
  const later = createLater({ store, log });
  const files = { snapshots, logs, folders };
  const told = { links, metrics, later, log };
  const ground: Ground = { ...files, ...told, store, projects: store.projects, privateValues, engines };
  const supervisor = createSupervisor(ground, onIdle);
  supervisor.recover();
  notifier.start();
  const accepting = { basics: shellBasics(env), newId: randomUUID, now };
  const { audit, deliveries } = store;
  const expiring = expireHourly({ ...ground, audit, deliveries, now, closing });
  const meter = await openMeter(ingredients, { store, notifier, status: () => uses.serverStatus() });
  const hooks = createHooks();
  const parts: Parts = {
    ...ground,
    audit,
    env,
    changes,
    notifier,
    registry,
    supervisor,
    closing,
    now,
    version,
    pid: process.pid,
    get address() {
      return ingredients.address();
    },
    commits: openCommits(ingredients),
    defaultEngine: ingredients.defaultEngine,
    snapshotLimit: ingredients.most.snapshot,
    preparer: createPreparer(engines),
    localForAll: ingredients.localForAll,
    acceptor: createAcceptor({ ...ground, notifier, supervisor, ...accepting }),
    pushes: hooks,
    deliveries: counted(store.deliveries, meter),
    publicAddress: ingredients.publicAddress,
  };
  const uses = useCases(parts);
  pruneDaily({ ...parts, log, folders }, closing);
  hooks.start(parts, ingredients.publicAddress === null ? null : closing);
  return {
    supervisor,
    untold: notifier.pending,
    links,
    audit: store.audit,
    hooks,
    uses,
    meter,
    tellRoom: (code) => tellRoom({ folders, log, supervisor }, code),
    keepRoom: () => store.keepRoom(),
    async close() {
      await hooks.settled();
      await parts.commits.settled();
      await expiring.settled();
      await supervisor.close();
      later.close();
      await notifier.close();
      await registry.close();
      await logs.close();
      privateValues.close();
      store.close();
    },
  };
}

/** Empty: nowhere. */
function linksAddress({ env, publicAddress }: Ingredients): Promise<string> | null {
  if (publicAddress === null) return null;
  const links = placesOf(env, publicAddress).then((places) => places.links ?? '');
  // Said by whoever starts the server.
  links.catch(() => undefined);
  return links;
}

/** What is kept in databases, and who is told of its changes. */
async function openRecords({ env, folders, log, version, publicAddress }: Ingredients, now: () => Date) {
  const changes = createChanges();
  const store = await openSqliteStore({
    file: folders.database,
    now,
    onChange(state) {
      changes.publish(state);
      notifier.changed(state);
    },
    keptChanges: keptChanges(env),
    isWatched: changes.isWatched,
  });
  const privateValues = await openPrivateStore(folders, store.sharedValues, log);
  const notifier = await openNotifier({
    store,
    folders,
    privateValues,
    publicAddress,
    env,
    version,
    log,
    now,
  });
  return { changes, store, privateValues, notifier };
}

async function tellRoom(
  { folders, log, supervisor }: Pick<Ground, 'folders' | 'log'> & { supervisor: Supervisor },
  code: 'disk_full' | 'disk_low',
): Promise<void> {
  try {
    const message = await whatFills(folders);
    log.warn({ folder: folders.data }, message);
    supervisor.tellRunning(code, message);
  } catch (error) {
    log.error({ err: error }, 'what fills the disk could not be told');
  }
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

/** How many changes are kept for those who follow them: `AICHOR_EVENTS_KEPT`, where that is a number. */
function keptChanges(env: Ingredients['env']): number {
  const asked = Number(env['AICHOR_EVENTS_KEPT'] || Number.NaN);
  return Number.isInteger(asked) && asked > 0 ? asked : KEPT_CHANGES;
}

interface StoredAtMost {
  /** Of one submitted directory. */
  snapshot: number;
  snapshots: number;
  /** Of repositories that are kept between clones. */
  clones: number;
}

/** Bytes that all of a kind together may take, or one of it, by the settings. */
export function storedAtMost({ config }: Pick<StateFolder, 'config'>): StoredAtMost {
  const settings = readSettingsFile(config);
  const { max_snapshots_gb: snapshots = SNAPSHOTS_GB, max_clones_gb: clones = CLONES_GB } = settings;
  const { max_snapshot_gb: snapshot = SNAPSHOT_GB } = settings;
  return { snapshot: snapshot * GB, snapshots: snapshots * GB, clones: clones * GB };
}

function openSnapshots(
  { folders, most, log }: Pick<Ingredients, 'folders' | 'most' | 'log'>,
  store: SqliteStore,
): SnapshotStore {
  const snapshots = createSnapshotStore(folders.data, {
    allowance: { bytes: most.snapshots, keep: () => store.snapshots() },
  });
  if (snapshots.damaged.length > 0)
    log.warn({ indexes: snapshots.damaged }, 'damaged: the files that these told of are sent again');
  return snapshots;
}

function openCommits({
  env,
  folders,
  most,
  log,
  closing,
}: Pick<Ingredients, 'env' | 'folders' | 'most' | 'log' | 'closing'>) {
  return createCommitSource(env, { folder: folders.repositories, mostBytes: most.clones, closing, log });
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
    container: settings.container === 'none' ? undefined : settings.container,
    limits: {
      cpus: limits.cpus ?? settings.cpus ?? null,
      max_experiments: limits.max_experiments ?? settings.max_experiments ?? null,
    },
  });
}

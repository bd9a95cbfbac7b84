import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLocalEngine, type LocalEngineOptions } from '../../src/engines/local/engine.ts';
import type { BuildContext, BuildResult, Engine, RunContext } from '../../src/engines/engine.ts';
import type { ExperimentFact, PodFact } from '../../src/experiment/event.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import type { Plan } from '../../src/experiment/plan/plan.ts';
import { createLogStore, type LogStore } from '../../src/logs/store/log-store.ts';
import { EXPERIMENT_MARK } from '../../src/engines/local/pod/pod-environment.ts';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { signalProcess } from '../../src/machine/signals.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import { planManifest } from '../../src/operators/plan.ts';
import { createSnapshotStore } from '../../src/snapshot/store/store.ts';

/** A data folder with real stores and a real engine, and what is needed to run plans in it. */
export interface House {
  folder: string;
  engine: Engine;
  /** A second engine on the same folder: what a restarted server has. */
  restarted(options?: Partial<LocalEngineOptions>): Engine;
  submit(what: Submission): Promise<Submitted>;
  /** Ends what is left of every experiment, and removes the folder. */
  leave(): Promise<void>;
}

export interface Submission {
  spec: object;
  builder?: object;
  files?: Record<string, string>;
  env?: Record<string, string>;
  secrets?: Record<string, string>;
  shell?: Record<string, string>;
  keep?: boolean;
  reuse?: BuildResult | null;
  pythonEnv?: string;
  rebuild?: boolean;
  container?: 'podman' | 'docker';
}

export interface Submitted {
  id: string;
  plan: Plan;
  stop: AbortController;
  detach: AbortController;
  context(): Promise<BuildContext>;
  build(engine?: Engine): Promise<BuildResult>;
  /** Runs it (again); facts are collected as they come. */
  run(engine?: Engine, paths?: Partial<RunContext['paths']>, detached?: AbortSignal): Running;
  /** What a pod printed, both streams; attempt 1. */
  printed(pod: string, stream?: 'stdout' | 'stderr', attempt?: number): Promise<string>;
  lines(): Promise<ReadLine[]>;
  /** The same as somebody sees it who opens the log anew: after another process wrote it. */
  linesOnDisk(): Promise<ReadLine[]>;
}

export interface Running {
  facts: ExperimentFact[];
  done: Promise<ExperimentFact[]>;
  /** Resolves with the first fact that fits, also one that came already; rejects when the run ends without it. */
  seen(fits: (fact: ExperimentFact) => boolean): Promise<ExperimentFact>;
}

export async function createHouse(options: Partial<LocalEngineOptions> = {}): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-engine-'));
  const base: LocalEngineOptions = {
    dataFolder: folder,
    env: process.env,
    now: () => new Date(),
    ...options,
  };
  const engine = createLocalEngine(base);
  const logs = createLogStore(join(folder, 'experiments'), () => new Date());
  const ids: string[] = [];
  return {
    folder,
    engine,
    restarted: (more) => createLocalEngine({ ...base, ...more }),
    async submit(what) {
      const id = randomUUID();
      ids.push(id);
      return submitted(what, { id, folder, engine, logs });
    },
    async leave() {
      const processes = chooseProcesses(process.env, process.platform);
      for (const id of ids) {
        for (const { pid } of await processes.marked(EXPERIMENT_MARK, id, 'HOSTNAME'))
          signalProcess(pid, 'SIGKILL');
      }
      await logs.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function planOf({ spec, builder, env = {}, secrets = {} }: Submission): Plan {
  const manifest = {
    kind: 'AIchorManifest',
    apiVersion: '0.2.3',
    builder: { image: 'image', dockerfile: './Dockerfile', context: '.', ...builder },
    spec: { operator: 'jobset', image: 'image', ...spec },
  };
  const { manifest: parsed, diagnostics } = parseManifest(JSON.stringify(manifest), 'manifest.yaml');
  if (parsed === null) throw new Error(JSON.stringify(diagnostics));
  const submission = { message: 'a test', project: 'default', env, secrets: Object.keys(secrets), vcs: {} };
  return planManifest(parsed, submission);
}

/** A jobset of types with little resources, for a command line. */
export function jobset(
  command: string,
  types: Record<string, object> = { worker: { count: 1 } },
  more: object = {},
): Submission {
  const resources = { cpus: 1, ramRatio: 1 };
  const full = Object.fromEntries(
    Object.entries(types).map(([name, type]) => [name, { resources, ...type }]),
  );
  return { spec: { command, types: full, ...more } };
}

async function submitted(
  what: Submission,
  { id, folder, engine, logs }: { id: string; folder: string; engine: Engine; logs: LogStore },
): Promise<Submitted> {
  const plan: Plan = { ...planOf(what), ...(what.container && { container: what.container }) };
  const snapshots = createSnapshotStore(folder);
  const source = await writeTree(what.files ?? { 'main.py': 'print("hello")\n' });
  const snapshot = await snapshots.open(await snapshots.importDirectory(source));
  await rm(source, { recursive: true });
  if (snapshot === null) throw new Error('the snapshot is not complete');
  const stop = new AbortController();
  const detach = new AbortController();
  const context = async (): Promise<BuildContext> => ({
    experimentId: id,
    project: 'default',
    plan,
    snapshot,
    directory: join(folder, 'experiments', id, 'engine'),
    paths: { input: `${folder}/inputs/`, output: `${folder}/outputs/`, tensorboard: null },
    logs: await logs.open(id),
    secrets: what.secrets ?? {},
    shell: what.shell ?? { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' },
    keep: what.keep ?? false,
    stop: stop.signal,
    detach: detach.signal,
    reuse: what.reuse ?? null,
    pythonEnv: what.pythonEnv ?? null,
    rebuild: what.rebuild ?? false,
    progress: () => undefined,
  });
  let build: BuildResult = { message: '', data: { programs: [], environment: null }, notices: [] };
  return {
    id, plan, stop, detach, context,
    async build(by = engine) {
      const built = await by.build(await context());
      // What pods in containers run; others take this machine's Python.
      if (plan.container !== undefined) build = built;
      return built;
    },
    run: (by = engine, paths = {}, detached = detach.signal) => follow(context().then((known) =>
      by.run({ ...known, build, admitted: planPeak(plan), paths: { ...known.paths, ...paths }, detach: detached } satisfies RunContext))),
    printed: async (pod, stream = 'stdout', attempt = 1) => (await linesOf(logs, id))
      .filter((line) => line.pod === pod && line.stream === stream && line.attempt === attempt).map((line) => line.text).join('\n'),
    lines: () => linesOf(logs, id),
    linesOnDisk: () => linesOf(createLogStore(join(folder, 'experiments'), () => new Date()), id),
  }; // prettier-ignore
}

async function writeTree(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-source-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

interface ReadLine {
  sequence: number;
  step: string;
  pod: string | null;
  attempt: number;
  stream: string | null;
  text: string;
}

async function linesOf(logs: LogStore, id: string): Promise<ReadLine[]> {
  const log = await logs.open(id);
  const chunks: Uint8Array[] = [];
  const signal = new AbortController().signal;
  for await (const chunk of log.read({}, { follow: false, signal })) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const all = text.split('\n').filter((line) => line !== '').map((line): Partial<ReadLine> => JSON.parse(line)); // prettier-ignore
  return all.filter((line): line is ReadLine => line.sequence !== undefined && line.text !== undefined);
}

function follow(starting: Promise<AsyncIterable<ExperimentFact>>): Running {
  const facts: ExperimentFact[] = [];
  const waiting = new Set<() => void>();
  let isOver = false;
  const done = (async () => {
    try {
      for await (const fact of await starting) {
        facts.push(fact);
        for (const wake of waiting) wake();
      }
      return facts;
    } finally {
      isOver = true;
      for (const wake of waiting) wake();
    }
  })();
  const seen = (fits: (fact: ExperimentFact) => boolean) =>
    new Promise<ExperimentFact>((resolve, reject) => {
      const look = () => {
        const found = facts.find(fits);
        if (found !== undefined) resolve(found);
        else if (isOver) reject(new Error(`it ended without the fact: ${JSON.stringify(facts)}`));
        else return;
        waiting.delete(look);
      };
      waiting.add(look);
      look();
    });
  return { facts, done, seen };
}

export function isPod(pod: string, status: PodFact['status']): (fact: ExperimentFact) => boolean {
  return (fact) => fact.type === 'pod' && fact.pod === pod && fact.status === status;
}

/** The last word on each pod. */
export function lastOf(facts: readonly ExperimentFact[]): Record<string, PodFact> {
  const last: Record<string, PodFact> = {};
  for (const fact of facts) if (fact.type === 'pod') last[fact.pod] = fact;
  return last;
}

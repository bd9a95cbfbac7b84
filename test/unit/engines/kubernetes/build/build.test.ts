import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BuildContext, BuildResult, SnapshotReader } from '../../../../../src/engines/engine.ts';
import { buildImage } from '../../../../../src/engines/kubernetes/build/build.ts';
import { ClusterError } from '../../../../../src/engines/kubernetes/api/cluster-error.ts';
import type { Cluster } from '../../../../../src/engines/kubernetes/api/cluster.ts';
import type { ClusterDeps } from '../../../../../src/engines/kubernetes/deps.ts';
import type { Job } from '../../../../../src/engines/kubernetes/api/objects.ts';
import type { Builder } from '../../../../../src/manifest/manifest.ts';
import type { LogSource } from '../../../../../src/logs/line.ts';
import { planManifest } from '../../../../../src/operators/plan.ts';
import { renderKubernetes } from '../../../../../src/render/kubernetes/objects.ts';
import { DEFAULT_SETTINGS } from '../../../../../src/render/kubernetes/settings/settings.ts';
import { packFiles } from '../../../../../src/snapshot/packaging/sending/pack.ts';
import { scanDirectory } from '../../../../../src/snapshot/packaging/scan.ts';
import { createSnapshotStore } from '../../../../../src/snapshot/store/store.ts';
import { jobset, NO_SUBMISSION, podType } from '../../../operators/manifests.ts';
import { writeTree } from '../../../snapshot/packaging/tree.ts';
import type { Told } from '../pods.ts';
import { buildJob, buildPod, DIGEST, EXPERIMENT_ID, JOB, METADATA, observed } from './objects.ts';
import { createReadingPlaces } from '../../../../../src/engines/kubernetes/logs/places.ts';

const EARLIER = '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f';
const settings = { ...DEFAULT_SETTINGS, registry: 'images.example/p' };
const DONE = { exitCode: 0 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-build-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A cluster with one Job that does what the test says, and nothing else. */
function fakeCluster() {
  const state = {
    seen: observed({ jobs: [] }),
    applied: [] as unknown[],
    removed: [] as string[],
    /** Nobody sees the Job before it is deleted. */
    isBrief: false,
    uploads: 0,
    /** What goes wrong with the next uploads. */
    troubles: [] as ClusterError[],
    /** What the next `tar` ends with, whatever it has unpacked; the cluster tells nothing of its container yet. */
    killed: null as number | null,
    /** How often that was, told when everybody has heard of it. */
    kills: 0,
    log: 'built\n',
  };
  const listeners = new Set<() => void>();
  const show = (change: Partial<Told>) => {
    const { pods, gone, ...seen } = observed({ ...state.seen, pods: [], gone: [], ...change });
    state.seen = { ...state.seen, ...seen, ...(change.pods && { pods }), ...(change.gone && { gone }) };
    for (const listener of listeners) listener();
  };
  const job = (): Job | null => state.seen.jobs[0] ?? null;
  const unused = () => {
    throw new Error('a build does not ask for this');
  };
  const cluster: Cluster = {
    ...{ server: 'https://cluster.example', namespace: 'p' },
    get: async <T>() => job() as T | null,
    async apply<T>(_: unknown, object: T) {
      state.applied.push(object);
      if (!state.isBrief) show({ jobs: [buildJob()], pods: [buildPod('running', 'waiting')] });
      return { ...object, ...buildJob() };
    },
    async remove(_, name, options) {
      state.removed.push(`${name} ${options?.uid}`);
      show({ jobs: [], pods: [] });
      return true;
    },
    async exec(_, { stdin }) {
      state.uploads++;
      const trouble = state.troubles.shift();
      if (trouble !== undefined) throw trouble;
      await pipeline(stdin ?? Readable.from([]), extract({ cwd: folder }));
      if (state.killed !== null) {
        setTimeout(() => state.kills++, 50);
        return { code: state.killed, output: '' };
      }
      show({ pods: [buildPod(DONE, 'running')] });
      return { code: 0, output: '' };
    },
    log: async () => Readable.from([Buffer.from(`2026-01-01T00:00:01.000000000Z ${state.log}`)]),
    may: async () => true,
    close() {},
    ...{
      list: unused,
      listAs: unused,
      create: unused,
      patch: unused,
      watch: unused,
      attach: unused,
      forward: unused,
      request: unused,
    },
  };
  const observatory = {
    open(_: string, onChange: () => void) {
      listeners.add(onChange);
      return {
        observed: () => state.seen,
        workload: () => state.seen,
        hasGone: () => state.isBrief,
        synced: async () => {},
        stale: () => null,
        toldForMs: () => Infinity,
        close: () => void listeners.delete(onChange),
      };
    },
    close() {},
  };
  const log = { info() {}, warn() {}, error() {} };
  const deps: ClusterDeps = {
    nodes: () => Promise.resolve(null),
    looked: new Map(),
    ...{ name: 'lab', settings, imageFailAfterS: 600, now: () => new Date(), log },
    connected: async () => ({
      cluster,
      observatory,
      places: { of: () => null },
      reading: createReadingPlaces(),
    }),
  };
  const end = (state: Parameters<typeof buildPod>[1]) => show({ pods: [buildPod(DONE, state)] });
  return { state, deps, show, end, listeners };
}

function fakeLogs() {
  const fileOf = ({ stream }: LogSource) => join(folder, `log.${stream ?? 'build'}`);
  return {
    async file(source: LogSource) {
      writeFileSync(fileOf(source), '', { flag: 'a' });
      return fileOf(source);
    },
    async appended() {},
    async closed() {},
  };
}

async function snapshot(tree: Record<string, string>): Promise<SnapshotReader> {
  const root = join(folder, 'repository');
  writeTree(root, tree);
  const { listing } = await scanDirectory(root, { cacheFolder: join(folder, 'cache') });
  const store = createSnapshotStore(join(folder, 'data'));
  const { digest, missing } = await store.announce(listing);
  await store.receive(digest, packFiles(root, listing, missing), 'contents');
  const reader = await store.open(digest);
  if (reader === null) throw new Error('no snapshot');
  return reader;
}

interface Given {
  builder?: Partial<Builder>;
  reuse?: BuildResult | null;
  tree?: Record<string, string>;
}

async function contextOf({
  builder = {},
  reuse = null,
  tree = { Dockerfile: 'FROM a\n', 'main.py': '1' },
}: Given = {}) {
  const manifest = jobset([podType('w')]);
  Object.assign(manifest.builder, builder);
  const said: string[] = [];
  const [stop, detach] = [new AbortController(), new AbortController()];
  const context: BuildContext = {
    ...{
      experimentId: EXPERIMENT_ID,
      project: 'p',
      plan: planManifest(manifest, NO_SUBMISSION),
      keep: false,
    },
    ...{ snapshot: await snapshot(tree), directory: folder, logs: fakeLogs(), secrets: {}, shell: {} },
    paths: { input: '', output: '', tensorboard: null },
    ...{ stop: stop.signal, detach: detach.signal, reuse, pythonEnv: null, rebuild: false },
    progress: (message) => said.push(message),
  };
  return { context, said, stop, detach };
}

const BUILT: BuildResult = {
  message: 'image built and pushed in 42 s',
  image: `images.example/p/image@${DIGEST}`,
  data: { image: `images.example/p/image:${EXPERIMENT_ID}`, digest: DIGEST },
  notices: [],
};

/** Resolves when the build was told to have come so far. */
async function reached(said: readonly string[], message: string): Promise<void> {
  await expect.poll(() => said, { interval: 5, timeout: 10_000 }).toContain(message);
}

describe('an image that is built', () => {
  test('by the Job that is shown, with the files, with its log, by digest; nothing stays', async () => {
    const { state, deps, end } = fakeCluster();
    const { context, said } = await contextOf();
    const building = buildImage(deps, context);
    await reached(said, 'building the image');
    end({ exitCode: 0, message: METADATA });
    expect(await building).toEqual(BUILT);
    const [shown] = renderKubernetes({
      plan: context.plan,
      settings,
      experimentId: EXPERIMENT_ID,
      project: 'p',
    });
    expect(state.applied).toEqual([shown]);
    expect(readFileSync(join(folder, 'context/main.py'), 'utf8')).toBe('1');
    expect(readFileSync(join(folder, 'log.build'), 'utf8')).toBe('built\n');
    expect(state.removed).toEqual([`${JOB} job-uid`]);
  });

  test('is found again by who comes after its end', async () => {
    const { state, deps, end } = fakeCluster();
    const { context, said } = await contextOf();
    const building = buildImage(deps, context);
    await reached(said, 'building the image');
    end({ exitCode: 0, message: METADATA });
    await building;
    expect(await buildImage(deps, context)).toEqual(BUILT);
    expect(state.applied).toHaveLength(1);
  });

  test('goes on without us, and with us again: the files are sent once more if they are waited for', async () => {
    const { state, deps, show, end } = fakeCluster();
    const { context, said } = await contextOf();
    show({ jobs: [buildJob()], pods: [buildPod('waiting', 'waiting')] });
    const detach = new AbortController();
    const before = buildImage(deps, { ...context, detach: detach.signal });
    await expect.poll(() => said.join(), { interval: 5, timeout: 10_000 }).toContain('the build waits: ');
    detach.abort();
    await expect(before).rejects.toMatchObject({ code: 'interrupted' });
    expect(state.removed).toEqual([]);
    show({ pods: [buildPod('running', 'waiting')] });
    const after = buildImage(deps, context);
    await reached(said, 'building the image');
    end({ exitCode: 0, message: METADATA });
    expect(await after).toEqual(BUILT);
    expect(state.applied).toEqual([]);
  });

  test('sends again what broke off', async () => {
    const { state, deps, end } = fakeCluster();
    state.troubles.push(new ClusterError(0, 'ECONNRESET', 'the connection broke'));
    const { context, said } = await contextOf();
    const building = buildImage(deps, context);
    await reached(said, 'building the image');
    end({ exitCode: 0, message: METADATA });
    expect(await building).toEqual(BUILT);
    expect(state.uploads).toBe(2);
  });

  test('takes no tar for failed that was killed by the end of its container, which does not wait for it', async () => {
    const { state, deps, show, end } = fakeCluster();
    state.killed = 137;
    const { context, said } = await contextOf();
    const building = buildImage(deps, context);
    // What is seen of the container is older than the end of what ran in it.
    await expect.poll(() => state.kills, { interval: 5, timeout: 10_000 }).toBe(1);
    show({ pods: [buildPod(DONE, 'running')] });
    await reached(said, 'building the image');
    end({ exitCode: 0, message: METADATA });
    expect(await building).toEqual(BUILT);
    expect(said.at(-1)).toBe('building the image');
  });

  test('fails when tar does, by itself or killed again and again', async () => {
    for (const code of [2, 137]) {
      const { state, deps } = fakeCluster();
      state.killed = code;
      const { context } = await contextOf();
      await expect(buildImage(deps, context)).rejects.toMatchObject({
        reason: 'BuildFailed',
        message: expect.stringContaining(`tar ended with ${code}`),
      });
    }
  });

  test('fails with the words of BuildKit, and its Job goes', async () => {
    const { state, deps, end } = fakeCluster();
    state.log = 'error: failed to solve: nosuch:1: not found\n';
    const { context, said } = await contextOf();
    const building = buildImage(deps, context);
    await reached(said, 'building the image');
    end({ exitCode: 1 });
    await expect(building).rejects.toMatchObject({
      reason: 'BuildFailed',
      message: expect.stringContaining('could not be built: nosuch:1: not found'),
    });
    expect(state.removed).toEqual([`${JOB} job-uid`]);
  });

  test('fails when its Job is deleted before anybody has seen it', async () => {
    const { state, deps } = fakeCluster();
    state.isBrief = true;
    const { context } = await contextOf();
    await expect(buildImage(deps, context)).rejects.toMatchObject({ reason: 'RemovedOutside' });
  });

  test('is given up when it is stopped', async () => {
    const { state, deps } = fakeCluster();
    const { context, said, stop } = await contextOf();
    const building = buildImage(deps, context);
    await reached(said, 'building the image');
    stop.abort();
    await expect(building).rejects.toMatchObject({ code: 'experiment_cancelled' });
    expect(state.removed).toEqual([`${JOB} job-uid`]);
  });

  test("leaves another experiment's Job of that name alone", async () => {
    const { state, deps, show } = fakeCluster();
    const other: Job = {
      metadata: { ...buildJob().metadata, labels: { 'aichor.io/experiment-id': EARLIER } },
    };
    show({ jobs: [other] });
    const { context } = await contextOf();
    await expect(buildImage(deps, context)).rejects.toMatchObject({
      message: expect.stringContaining(`belongs to experiment ${EARLIER}`),
    });
    expect(state.removed).toEqual([]);
  });

  test('needs a Dockerfile', async () => {
    const { state, deps } = fakeCluster();
    const { context } = await contextOf({ tree: { 'main.py': '1' } });
    await expect(buildImage(deps, context)).rejects.toMatchObject({ reason: 'BuildFailed' });
    expect(state.applied).toEqual([]);
  });

  test('reads its context only, and a Dockerfile beside that', async () => {
    const { state, deps, end } = fakeCluster();
    const tree = { Dockerfile: 'FROM a\n', 'app/main.py': '1', 'data/large.bin': '2' };
    const { context, said } = await contextOf({ builder: { context: 'app' }, tree });
    const building = buildImage(deps, context);
    await reached(said, 'building the image');
    end({ exitCode: 0, message: METADATA });
    await building;
    expect(() => readFileSync(join(folder, 'context/data/large.bin'))).toThrow('ENOENT');
    expect(readFileSync(join(folder, 'context/app/main.py'), 'utf8')).toBe('1');
    expect(readFileSync(join(folder, 'context/Dockerfile'), 'utf8')).toBe('FROM a\n');
    const args = (state.applied[0] as Job).spec?.template.spec?.containers[0]?.args;
    expect(args).toContain('--local=context=/workspace/context/app');
    expect(args).toContain('--local=dockerfile=/workspace/context');
  });
});

describe('an image that is there', () => {
  const skip = (failIfNotFound: boolean) => ({ skipBuild: { experimentId: EARLIER, failIfNotFound } });

  test('given: as it is written', async () => {
    const { state, deps } = fakeCluster();
    const builder = {
      image: 'localhost/busybox:test',
      skipBuild: { experimentId: null, failIfNotFound: true },
    };
    const { context } = await contextOf({ builder });
    expect(await buildImage(deps, context)).toMatchObject({
      image: 'localhost/busybox:test',
      message: 'a finished image, used as it is',
    });
    expect(state.applied).toEqual([]);
  });

  test("reused: the earlier experiment's, by digest, said in the log once", async () => {
    const { state, deps } = fakeCluster();
    const { context } = await contextOf({ builder: skip(true), reuse: BUILT });
    const message = `image of ${EARLIER} reused`;
    for (let times = 0; times < 2; times++)
      expect(await buildImage(deps, context)).toEqual({ ...BUILT, message });
    expect(readFileSync(join(folder, 'log.stderr'), 'utf8')).toBe(
      `${message}: images.example/p/image@${DIGEST}\n`,
    );
    expect(state.applied).toEqual([]);
  });

  test.each<[string, BuildResult | null]>([
    ['there is no such build', null],
    ['it was made on another kind of engine', { message: '', data: { environment: 'key' }, notices: [] }],
  ])('not found, and it has to be: %s', async (_, reuse) => {
    const { deps } = fakeCluster();
    const { context } = await contextOf({ builder: skip(true), reuse });
    await expect(buildImage(deps, context)).rejects.toMatchObject({
      reason: 'ImageNotFound',
      message: expect.stringContaining('failIfNotFound'),
    });
  });

  test('not found: built, and said', async () => {
    const { deps, end } = fakeCluster();
    const { context, said } = await contextOf({ builder: skip(false) });
    const building = buildImage(deps, context);
    await reached(said, 'building the image');
    end({ exitCode: 0, message: METADATA });
    const { notices, ...built } = await building;
    expect(built).toMatchObject({ image: BUILT.image, data: BUILT.data });
    expect(notices).toEqual([expect.objectContaining({ code: 'skip_build_ignored' })]);
    expect(readFileSync(join(folder, 'log.stderr'), 'utf8')).toBe(
      `image of ${EARLIER} not found, building\n`,
    );
  });
});

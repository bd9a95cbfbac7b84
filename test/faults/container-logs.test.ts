/**
 * FI-17: whatever becomes of a container's log on its node, of the way to it and of whoever reads it, each line is
 * kept once, in order, and what is missing is told.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ClusterError } from '../../src/engines/kubernetes/api/cluster-error.ts';
import type { LoggedContainer } from '../../src/engines/kubernetes/logs/pod-logs.ts';
import { createContainerLog, type ContainerLog } from '../fakes/container-log.ts';
import { printed } from '../fakes/kubelet-log.ts';
import type { Following } from './follow-containers.ts';
import { moment, until } from './processes.ts';
import { PATIENCE_MS, scaled } from './scale.ts';
import { chanceOf, seedsOf, type Chance } from './seed.ts';

let programs: string;
beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'aichor-follow-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'follow-containers.ts')],
    outfile: join(programs, 'follow.mjs'),
    ...{ bundle: true, platform: 'node', format: 'esm', logLevel: 'error' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
});
afterAll(() => rm(programs, { recursive: true }));

/** Nodes with containers, a way to their logs, and at most one process that keeps them. */
interface Scene {
  log: ContainerLog;
  /** In the file of an attempt. */
  kept(attempt?: number): Promise<string>;
  start(): void;
  kill(): Promise<void>;
  /** What users were told, after the logs were read to their end. */
  end(): Promise<ReadonlySet<string>>;
  /** The pod is made anew: another attempt. */
  again(): ContainerLog;
}

async function inScene(act: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'aichor-container-logs-'));
  const pods = [createContainerLog()];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://node');
    const abandoned = new AbortController();
    response.once('close', () => abandoned.abort());
    const [query, pod] = [url.searchParams, pods[Number(/pods\/p-(\d+)\/log$/.exec(url.pathname)?.[1])]];
    const asked = { container: 'main', follow: query.get('follow') === 'true', sinceTime: query.get('sinceTime') ?? undefined };
    pod?.log({ ...asked, signal: abandoned.signal }).then(
      (stream) => {
        response.flushHeaders();
        stream.once('error', () => response.destroy());
        stream.pipe(response);
      },
      (error: unknown) => response.writeHead(error instanceof ClusterError ? error.status : 500).end('{}'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigOf(`http://127.0.0.1:${port}`));
  let child: ReturnType<typeof spawn> | null = null;
  let told = '';
  const scene: Scene = {
    log: pods[0] ?? createContainerLog(),
    kept: (attempt = 1) => keptOf(join(folder, 'e', 'logs'), attempt),
    start() {
      const following: Following = { kubeconfig, folder, containers: pods.map((_, index) => containerOf(index)) };
      child = spawn(process.execPath, [join(programs, 'follow.mjs'), JSON.stringify(following)], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (told += text));
      child.stdin?.once('error', () => undefined);
    },
    kill: () => new Promise((resolve) => {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('close', () => resolve());
      child.kill('SIGKILL');
    }),
    end: () => new Promise((resolve, reject) => {
      child?.once('close', (code) => (code === 0 ? resolve(new Set(told.trim().split('\n'))) : reject(new Error(`it ended with ${code}`))));
      child?.stdin?.write('ended\n');
    }),
    again() {
      pods.push(createContainerLog());
      return pods.at(-1) ?? scene.log;
    },
  };
  try {
    await act(scene);
  } finally {
    await scene.kill();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  }
} // prettier-ignore

function containerOf(index: number): LoggedContainer {
  const source = { step: 'run', pod: 'worker-0-0', attempt: index + 1, stream: null } as const;
  return { uid: `uid-${index}`, container: 'main', restart: 0, objectName: `p-${index}`, source };
}

/** Empty as long as there is nothing. */
async function keptOf(logs: string, attempt: number): Promise<string> {
  const entries = (await readFile(join(logs, 'sources'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line.includes('"source"'));
  const number = entries.findIndex((line) => line.includes(`"attempt":${attempt},`));
  return number < 0 ? '' : readFile(join(logs, `${number}.log`), 'utf8').catch(() => '');
}

/** Says where two long texts part, not what they are. */
function expectSame(kept: string, printed: string): void {
  const [lines, wanted] = [kept.split('\n'), printed.split('\n')];
  const index = wanted.findIndex((line, at) => line !== lines[at]);
  const differs =
    index < 0
      ? null
      : { line: index + 1, kept: lines[index]?.slice(0, 80), printed: wanted[index]?.slice(0, 80) };
  expect(differs).toBeNull();
  expect(lines.length).toBe(wanted.length);
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'c', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
  });
}

/** Prints lines that are told from one another by their number; some are long, some come in fragments. */
function printSome(log: ContainerLog, chance: Chance, numbers: { next: number }): void {
  for (let count = chance.between(1, 300); count > 0; count--) {
    const nanos = chance.pick([0, 1, 1000, 1_000_000, 400_000_000]);
    const filler = 'x'.repeat(chance.pick([0, 1, 30, 30, 30, 5000]));
    if (chance.below(20) < 1) log.print(`${numbers.next} begins `, { nanos, full: false });
    log.print(`${numbers.next++} ${filler}`, { nanos });
  }
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);

test.each(seedsOf('container logs'))('streams that break, an API server that refuses, kill -9: all is there once (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
  inScene(async (scene) => {
    const { log } = scene;
    const chance = chanceOf(seed, 'container logs');
    const numbers = { next: 0 };
    scene.start();
    for (let round = 0; round < scaled(40, 1500); round++) {
      printSome(log, chance, numbers);
      const fault = chance.pick(['none', 'none', 'cut', 'refuse', 'kill', 'rest']);
      if (fault === 'cut') log.cut();
      if (fault === 'refuse') log.refuse(chance.pick([new ClusterError(500, 'InternalError', 'no'), new ClusterError(429, 'TooManyRequests', 'no'), null]));
      if (fault === 'rest') await until(() => log.open > 0).catch(() => undefined);
      await moment(chance.below(fault === 'kill' ? 900 : 30));
      log.refuse(null);
      if (fault !== 'kill') continue;
      await scene.kill();
      scene.start();
    }
    log.end();
    expect(await scene.end()).toEqual(new Set(['']));
    expectSame(await scene.kept(), printed(log.fragments).toString());
  }),
); // prettier-ignore

test.each(seedsOf('rotated logs'))('rotation while somebody reads loses nothing; while nobody does, it is told (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
  inScene(async (scene) => {
    const { log } = scene;
    const chance = chanceOf(seed, 'rotated logs');
    const numbers = { next: 0 };
    log.print('the first line');
    scene.start();
    await until(async () => (await scene.kept()) !== '');
    let mayMiss = false;
    for (let round = 0; round < scaled(25, 500); round++) {
      printSome(log, chance, numbers);
      const fault = chance.pick(['none', 'cut', 'kill', 'rotate', 'rotate in between']);
      if (fault === 'cut') log.cut();
      if (fault === 'rotate') await until(() => log.open > 0);
      if (fault === 'rotate in between') {
        await moment(chance.below(300));
        await scene.kill();
        printSome(log, chance, numbers);
        mayMiss = true;
      }
      if (fault.startsWith('rotate')) {
        if (fault === 'rotate') await until(async () => (await scene.kept()) === printed(log.fragments).toString() || mayMiss);
        log.rotate();
      }
      if (fault === 'kill') await scene.kill();
      if (fault === 'kill' || fault === 'rotate in between') scene.start();
    }
    log.end();
    const told = await scene.end();
    const [kept, all] = [linesOf(await scene.kept()), linesOf(printed(log.fragments).toString())];
    expect(new Set(kept).size, 'nothing twice').toBe(kept.length);
    if (!told.has('log_gap')) expectSame(kept.join('\n'), all.join('\n'));
    const place = new Map(all.map((line, index) => [line, index]));
    const whole = kept.filter((line) => place.has(line));
    const places = whole.map((line) => place.get(line) ?? 0);
    expect(places.every((at, index) => index === 0 || at > (places[index - 1] ?? 0)), 'in order').toBe(true);
    if (!mayMiss) expect(told).toEqual(new Set(['']));
  }),
); // prettier-ignore

test.each(seedsOf('deleted pod'))('a pod that is deleted half-way is complete, and so is the attempt before it (seed %i)', { timeout: PATIENCE_MS }, (seed) =>
  inScene(async (scene) => {
    const chance = chanceOf(seed, 'deleted pod');
    const numbers = { next: 0 };
    const first = scene.log;
    printSome(first, chance, numbers);
    first.end();
    const second = scene.again();
    scene.start();
    await until(() => second.open > 0);
    for (let round = chance.between(1, scaled(10, 100)); round > 0; round--) printSome(second, chance, numbers);
    second.remove();
    printSome(second, chance, numbers);
    const told = scene.end();
    await moment(chance.below(500));
    second.print('the last words');
    second.end();
    second.forget();
    expect(await told).toEqual(new Set(['']));
    expectSame(await scene.kept(1), printed(first.fragments).toString());
    expectSame(await scene.kept(2), printed(second.fragments).toString());
  }),
); // prettier-ignore

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ClusterError } from '../../../../../src/engines/kubernetes/api/cluster-error.ts';
import {
  createPodLogs,
  type LoggedContainer,
  type PodLogs,
} from '../../../../../src/engines/kubernetes/logs/pod-logs.ts';
import {
  createReadingPlaces,
  type ReadingPlaces,
} from '../../../../../src/engines/kubernetes/logs/places.ts';
import type { LogSource } from '../../../../../src/logs/line.ts';
import {
  createLogStore,
  type ExperimentLogs,
  type LogStore,
} from '../../../../../src/logs/store/log-store.ts';
import { createContainerLog, type ContainerLog } from '../../../../fakes/container-log.ts';
import { printed } from '../../../../fakes/kubelet-log.ts';

const source: LogSource = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: null };
const container: LoggedContainer = { uid: 'u-1', container: 'main', restart: 0, objectName: 'p', source };
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

let folder: string;
let store: LogStore;
let sink: ExperimentLogs;
let problems: string[];
let open: PodLogs[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-pod-logs-'));
  store = createLogStore(folder, () => new Date());
  sink = await store.open('e');
  problems = [];
  open = [];
});

afterEach(async () => {
  await Promise.all(open.map((logs) => logs.close()));
  await store.close();
  await rm(folder, { recursive: true });
});

function podLogs(
  pods: Record<string, ContainerLog>,
  pace: { capMs?: number; graceMs?: number; silentMs?: number } = {},
  places: ReadingPlaces = createReadingPlaces(),
) {
  const logs = createPodLogs({
    cluster: {
      log(pod, options) {
        const log = pods[pod];
        if (log === undefined) throw new Error(`nobody expected the log of ${pod}`);
        return log.log(options);
      },
    },
    ...{ sink, directory: join(folder, 'engine'), log: SILENT, pace, places, chance: () => 0 },
    onProblem: ({ code }) => problems.push(code),
  });
  open.push(logs);
  return logs;
}

/** The bytes in the source's file. */
const kept = async (of = source) => (await readFile(await sink.file(of))).toString();
const until = (fact: () => unknown) =>
  vi.waitFor(async () => expect(await fact()).toBe(true), { timeout: 20_000, interval: 5 });

/** Somebody read its first line, and is gone. */
async function readOnce(pod: ContainerLog): Promise<void> {
  const first = podLogs({ p: pod });
  first.follow(container);
  pod.print('a');
  await until(async () => (await kept()) === 'a\n');
  await first.close();
}

describe('the log of one container', () => {
  test('is read to its end, and closed', async () => {
    const pod = createContainerLog();
    pod.print('a');
    const logs = podLogs({ p: pod });
    logs.follow(container);
    logs.follow(container);
    await until(async () => (await kept()) === 'a\n');
    pod.print('b', { full: false });
    pod.end();
    await logs.settle(container);
    await logs.settle(container);
    expect(await kept()).toBe('a\nb');
    expect(problems).toEqual([]);
    const raw: Uint8Array[] = [];
    // A reader that follows gets an end.
    for await (const bytes of sink.raw({ pod: 'worker-0-0', follow: true, signal: AbortSignal.timeout(20_000) })) raw.push(bytes);
    expect(Buffer.concat(raw).toString()).toBe('a\nb');
  }); // prettier-ignore

  test('that had ended before is one request', async () => {
    const pod = createContainerLog();
    for (let line = 0; line < 1000; line++) pod.print(`line ${line}`);
    pod.end();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    await logs.settle(container);
    expect(await kept()).toBe(printed(pod.fragments).toString());
    expect(pod.asked.map(({ follow, sinceTime }) => ({ follow, sinceTime }))).toEqual([
      { follow: false, sinceTime: undefined },
    ]);
  });

  test('that printed nothing is complete', async () => {
    const pod = createContainerLog();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    await until(() => pod.open === 1);
    pod.end();
    await logs.end();
    expect(await kept()).toBe('');
    expect(problems).toEqual([]);
  });

  test('goes on where it was, whatever breaks', async () => {
    const pod = createContainerLog();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    for (let round = 0; round < 5; round++) {
      await until(() => pod.open === 1);
      pod.print(`round ${round}`);
      pod.print('part', { full: false, nanos: 0 });
      await until(async () => (await kept()) === printed(pod.fragments).toString());
      pod.refuse(new ClusterError(500, 'InternalError', 'etcd'));
      pod.cut();
      pod.print(' of a line', { nanos: 700_000_000 });
      pod.refuse(null);
    }
    pod.end();
    await logs.settle(container);
    expect(await kept()).toBe(printed(pod.fragments).toString());
    expect(pod.asked.length).toBeGreaterThan(5);
  });

  test('goes on after the server was away', async () => {
    const pod = createContainerLog();
    for (let life = 0; life < 4; life++) {
      const logs = podLogs({ p: pod });
      logs.follow(container);
      pod.print(`life ${life}`);
      await until(async () => (await kept()) === printed(pod.fragments).toString());
      await logs.close();
      pod.print('while nobody looked');
      expect(pod.open).toBe(0);
    }
    pod.end();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    await logs.end();
    expect(await kept()).toBe(printed(pod.fragments).toString());
    expect(await readdir(join(folder, 'engine', 'log-positions'))).toEqual(['u-1.main.0']);
    // Read to its end, it is not asked for again.
    const times = pod.asked.length;
    const again = podLogs({ p: pod });
    again.follow(container);
    await again.settle(container);
    expect(pod.asked).toHaveLength(times);
    expect(await kept()).toBe(printed(pod.fragments).toString());
  });

  test('of a pod that is deleted comes from the stream that is open', async () => {
    const pod = createContainerLog();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    await until(() => pod.open === 1);
    pod.print('before');
    await until(async () => (await kept()) === 'before\n');
    pod.remove();
    const settled = logs.settle(container);
    await until(() => pod.asked.length === 2);
    pod.print('the last words');
    pod.end();
    pod.forget();
    await settled;
    expect(await kept()).toBe('before\nthe last words\n');
    expect(problems).toEqual([]);
  });

  test('of what has ended is not waited for when the stream is behind', async () => {
    const pod = createContainerLog();
    const logs = podLogs({ p: pod }, { graceMs: 3_600_000 });
    logs.follow(container);
    await until(() => pod.open === 1);
    pod.hold();
    for (const line of ['a', 'b']) pod.print(line);
    pod.end();
    await logs.settle(container);
    expect(await kept()).toBe('a\nb\n');
    await until(() => pod.open === 0);
  });

  test('is not taken twice when the stream catches up meanwhile', async () => {
    const pod = createContainerLog();
    const catchingUp: ContainerLog = {
      ...pod,
      async log(options) {
        if (!options.follow) pod.release();
        // Long enough for the stream to be read.
        if (!options.follow) for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
        return pod.log(options);
      },
    };
    const logs = podLogs({ p: catchingUp });
    logs.follow(container);
    await until(() => pod.open === 1);
    pod.hold();
    for (const line of ['a', 'b']) pod.print(line);
    pod.end();
    await logs.settle(container);
    expect(await kept()).toBe('a\nb\n');
  });

  test('is waited for when only the stream has what was rotated away', async () => {
    const pod = createContainerLog();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    pod.print('a');
    await until(async () => (await kept()) === 'a\n');
    pod.hold();
    pod.print('b');
    pod.rotate();
    pod.print('c');
    pod.end();
    const settled = logs.settle(container);
    await until(() => pod.asked.length === 2);
    pod.release();
    await settled;
    expect(await kept()).toBe('a\nb\nc\n');
    expect(problems).toEqual([]);
  });

  test('that was removed while nobody looked is said to be incomplete', async () => {
    const pod = createContainerLog();
    await readOnce(pod);
    pod.print('b');
    pod.remove();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    await logs.settle(container);
    expect(await kept()).toBe('a\n');
    expect(problems).toEqual(['log_incomplete']);
  });

  test('of each of very many that is incomplete is told so often, and then once for all others', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `p${index}`);
    const pods = Object.fromEntries(names.map((name) => [name, createContainerLog()]));
    const logs = podLogs(pods);
    await Promise.all(
      names.map(async (name, index) => {
        pods[name]?.remove();
        const of = {
          ...container,
          uid: name,
          objectName: name,
          source: { ...source, pod: `worker-${index}-0` },
        };
        logs.follow(of);
        await logs.settle(of);
      }),
    );
    expect(problems).toHaveLength(21);
    expect(new Set(problems)).toEqual(new Set(['log_incomplete']));
  });

  test('that cannot be read is given up in the end', async () => {
    const pod = createContainerLog();
    pod.refuse(new ClusterError(403, 'Forbidden', 'pods "p" is forbidden'));
    const logs = podLogs({ p: pod }, { capMs: 50 });
    logs.follow(container);
    await until(() => problems.length > 0);
    await logs.settle(container);
    expect(problems).toEqual(['logs_unreadable', 'log_incomplete']);
  });

  test('whose stream hangs is asked for anew', async () => {
    const pod = createContainerLog();
    pod.print('a');
    const logs = podLogs({ p: pod }, { silentMs: 20 });
    logs.follow(container);
    await until(() => pod.asked.length > 3);
    pod.print('b');
    pod.end();
    await logs.settle(container);
    expect(await kept()).toBe('a\nb\n');
  });

  test('that was rotated while nobody looked has a gap, which is told', async () => {
    const pod = createContainerLog();
    await readOnce(pod);
    pod.print('lost');
    pod.rotate();
    pod.print('b');
    pod.end();
    const logs = podLogs({ p: pod });
    logs.follow(container);
    await logs.settle(container);
    expect(await kept()).toBe('a\nb\n');
    expect(problems).toEqual(['log_gap']);
  });

  test('is not asked for after Kubernetes started the container again', async () => {
    const [pod, again] = [createContainerLog(), createContainerLog()];
    const pods = { p: pod };
    const logs = podLogs(pods);
    logs.follow(container);
    pod.print('first');
    await until(async () => (await kept()) === 'first\n');
    again.print('second');
    again.end();
    pods.p = again;
    logs.follow({ ...container, restart: 1 });
    pod.end();
    await logs.end();
    expect(await kept()).toBe('first\nsecond\n');
    expect(problems).toEqual([]);
  });
});

describe('several containers', () => {
  test('of one source are kept one after the other', async () => {
    const [one, two] = [createContainerLog(), createContainerLog()];
    two.print('second');
    two.end();
    const logs = podLogs({ p: one, q: two });
    logs.follow(container);
    logs.follow({ ...container, uid: 'u-2', objectName: 'q' });
    await until(() => one.open === 1);
    one.print('first');
    one.end();
    await logs.end();
    expect(await kept()).toBe('first\nsecond\n');
  });

  test('of which one repeats the other: once', async () => {
    const [one, two] = [createContainerLog(), createContainerLog()];
    for (const line of ['a', 'b']) one.print(line);
    for (const line of ['a', 'b', 'c']) two.print(line);
    one.end();
    const logs = podLogs({ p: one, q: two });
    logs.follow({ ...container, repeats: true });
    logs.follow({ ...container, uid: 'u-2', objectName: 'q', repeats: true });
    await logs.settle(container);
    await until(async () => (await kept()) === 'a\nb\nc\n');
    await logs.close();
    two.print('d');
    two.end();
    const later = podLogs({ p: one, q: two });
    later.follow({ ...container, repeats: true });
    later.follow({ ...container, uid: 'u-2', objectName: 'q', repeats: true });
    await later.end();
    expect(await kept()).toBe('a\nb\nc\nd\n');
  });

  test('of which the last repeats its own end, as Ray does for a driver that failed: once', async () => {
    const pod = createContainerLog();
    const said = `Status message: Job entrypoint command failed with exit code 5, last available logs (truncated to 20,000 chars):`;
    const lines = ['a', 'b', '', '----------------', "Job 'e-1' failed", '----------------', '', said];
    for (const line of [...lines, 'a']) pod.print(line);
    const first = podLogs({ p: pod });
    first.follow({ ...container, repeats: true });
    const before = lines.map((line) => `${line}\n`).join('');
    await until(async () => (await kept()) === before);
    await first.close();
    for (const line of ['b', '']) pod.print(line);
    pod.end();
    const later = podLogs({ p: pod });
    later.follow({ ...container, repeats: true });
    await later.end();
    expect(await kept()).toBe(before);
    const again = podLogs({});
    again.follow({ ...container, repeats: true });
    await again.end();
    expect(problems).toEqual([]);
  });

  test('of which the last ends with what only looks like a repetition: all of it', async () => {
    const pod = createContainerLog();
    const said = `Status message: Job entrypoint command failed with exit code 5, last available logs (truncated to 20,000 chars):`;
    for (const line of ['a', said, 'b']) pod.print(line);
    const first = podLogs({ p: pod });
    first.follow({ ...container, repeats: true });
    await until(async () => (await kept()) === `a\n${said}\n`);
    await first.close();
    pod.end();
    const later = podLogs({ p: pod });
    later.follow({ ...container, repeats: true });
    await later.end();
    expect(await kept()).toBe(`a\n${said}\nb\n`);
    expect(problems).toEqual([]);
  });

  test('many at once, and much from one of them', async () => {
    const pods = Array.from({ length: 200 }, (_, index) => ({ name: `p-${index}`, log: createContainerLog() }));
    const logs = podLogs(Object.fromEntries(pods.map(({ name, log }) => [name, log])));
    const of = (name: string): LoggedContainer => ({ ...container, uid: name, objectName: name, source: { ...source, pod: name } });
    for (const { name } of pods) logs.follow(of(name));
    await until(() => pods.every(({ log }) => log.open === 1));
    for (const { log } of pods) for (let line = 0; line < 50; line++) log.print(`line ${line}`);
    for (let line = 0; line < 20_000; line++) pods[0]?.log.print('much');
    for (const { log } of pods) log.end();
    await logs.end();
    for (const { name, log } of pods) expect(await kept(of(name).source)).toBe(printed(log.fragments).toString());
  }); // prettier-ignore
});

describe('the logs of more containers than are read at once', () => {
  const NAMES = Array.from({ length: 12 }, (_, index) => `p${index}`);
  const containerOf = (objectName: string): LoggedContainer => ({
    ...{ uid: objectName, container: 'main', restart: 0, objectName },
    source: { ...source, pod: objectName },
  });
  const openNow = (pods: Record<string, ContainerLog>) =>
    Object.values(pods).reduce((sum, pod) => sum + pod.open, 0);

  test('are followed in turn, each line of each once', async () => {
    const pods = Object.fromEntries(NAMES.map((name) => [name, createContainerLog()]));
    const logs = podLogs(pods, {}, createReadingPlaces({ running: 3, ended: 2, turnMs: 200 }));
    let most = 0;
    for (const name of NAMES) logs.follow(containerOf(name));
    for (let round = 0; round < 3; round++) {
      for (const [name, pod] of Object.entries(pods)) pod.print(`${name} ${round}`);
      await until(async () => {
        most = Math.max(most, openNow(pods));
        const texts = await Promise.all(NAMES.map((name) => kept(containerOf(name).source)));
        return texts.every((text, index) => text.endsWith(`p${index} ${round}\n`));
      });
    }
    for (const pod of Object.values(pods)) pod.end();
    await Promise.all(NAMES.map((name) => logs.settle(containerOf(name))));
    for (const name of NAMES)
      expect(await kept(containerOf(name).source)).toBe([0, 1, 2].map((n) => `${name} ${n}\n`).join(''));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(3);
    expect(problems).toEqual([]);
  });

  test('of those that have ended do not wait for those that run', async () => {
    const pods = Object.fromEntries(NAMES.map((name) => [name, createContainerLog()]));
    const logs = podLogs(pods, {}, createReadingPlaces({ running: 1, ended: 2, turnMs: 3_600_000 }));
    const [runs, ...rest] = NAMES;
    for (const name of NAMES) logs.follow(containerOf(name));
    await until(() => openNow(pods) === 1);
    for (const name of rest) {
      pods[name]?.print(`end of ${name}`);
      pods[name]?.end();
    }
    await Promise.all(rest.map((name) => logs.settle(containerOf(name))));
    for (const name of rest) expect(await kept(containerOf(name).source)).toBe(`end of ${name}\n`);
    expect(pods[runs ?? '']?.open).toBe(1);
  });

  /** Places for any number, of which the test ends the turns. */
  function ownTurns({ firstIsOver = false } = {}) {
    const turns: AbortController[] = [];
    const places: ReadingPlaces = {
      take() {
        const due = new AbortController();
        turns.push(due);
        if (firstIsOver && turns.length === 1) due.abort();
        return Promise.resolve({ due: due.signal, leave() {} });
      },
    };
    return { turns, places };
  }

  test('give way also when their turn was over before they were asked for', async () => {
    const { turns, places } = ownTurns({ firstIsOver: true });
    const pod = createContainerLog();
    const logs = podLogs({ p: pod }, {}, places);
    logs.follow(container);
    await until(() => turns.length === 2 && pod.open === 1);
    pod.print('a');
    pod.end();
    await logs.settle(container);
    expect(await kept()).toBe('a\n');
  });

  test('are read to the end by the stream that alone has it, whose turn it is or not', async () => {
    const { turns, places } = ownTurns();
    const pod = createContainerLog();
    const logs = podLogs({ p: pod }, {}, places);
    logs.follow(container);
    pod.print('a');
    await until(async () => (await kept()) === 'a\n');
    const asked = pod.asked.length;
    pod.hold();
    pod.print('b');
    pod.rotate();
    pod.print('c');
    pod.end();
    const settled = logs.settle(container);
    turns.at(-1)?.abort();
    await until(() => pod.asked.length > asked);
    pod.release();
    await settled;
    expect(await kept()).toBe('a\nb\nc\n');
    expect(problems).toEqual([]);
  });

  test('end with the server, also those that wait', async () => {
    const pods = Object.fromEntries(NAMES.map((name) => [name, createContainerLog()]));
    const logs = podLogs(pods, {}, createReadingPlaces({ running: 1, ended: 1 }));
    for (const name of NAMES) logs.follow(containerOf(name));
    await until(() => openNow(pods) === 1);
    await logs.close();
    expect(openNow(pods)).toBe(0);
  });
});

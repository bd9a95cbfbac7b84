import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogStore, type LogStore } from '../../../src/logs/store/log-store.ts';
import {
  createMetrics,
  type MetricsFollowing,
  type MetricsService,
} from '../../../src/server/metrics/metrics.ts';
import { maskedCrc } from '../../../src/metrics/event-file/masked-crc.ts';
import { foldersBelow } from '../../../src/server/process/folders.ts';
import { openSqliteStore } from '../../../src/server/store/sqlite.ts';
import type { ExperimentStore } from '../../../src/server/store/store.ts';
import { NEW } from '../experiment/facts.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/event-files');
const ID = NEW.experiment_id;
const WORKER = { step: 'run', pod: 'worker-0-0', attempt: 1, stream: 'stdout' } as const;

let folder: string;
let tensorboard: string;
let output: string;
let store: ExperimentStore;
let logs: LogStore;
let metrics: MetricsService;
let following: MetricsFollowing;
const logged: object[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-following-'));
  [tensorboard, output] = [join(folder, 'tensorboard'), join(folder, 'output')];
  for (const one of [tensorboard, output]) await mkdir(one);
  const now = () => new Date('2026-01-01T00:00:00Z');
  store = await openSqliteStore({
    file: join(folder, 'store.sqlite'),
    now,
    onChange: () => undefined,
    isWatched: () => false,
  });
  const paths = { input: '/', output: `${output}/`, tensorboard, workdir: null };
  const submission = { manifest: '', plan: null, keep: false, vcs: {} };
  store.create([{ experiment: { ...NEW, paths }, submission, facts: [], idempotency: null }]);
  const folders = foldersBelow(folder);
  await mkdir(join(folders.experiments, ID), { recursive: true });
  logs = createLogStore(folders.experiments, now);
  const log = {
    info: () => undefined,
    warn: (facts: object) => void logged.push(facts),
    error: () => undefined,
  };
  metrics = createMetrics({ store, folders, log, now });
  following = await metrics.follow(ID, { logs: await logs.open(ID), engine: {} });
});

afterEach(async () => {
  await following.end();
  await logs.close();
  store.close();
  await rm(folder, { recursive: true, force: true });
  if (logged.length > 0) throw new Error(JSON.stringify(logged.splice(0)));
});

const record = () => store.state(ID)?.record.metrics ?? {};
const notices = () => store.state(ID)?.record.notices ?? [];
const lines = (...all: object[]) =>
  appendFile(join(output, 'metrics.jsonl'), all.map((line) => `${JSON.stringify(line)}\n`).join(''));
const seriesOf = async (name: string) =>
  (await metrics.series(ID))
    .find((one) => one.name === name)
    ?.series.map(([step, , value, attempt]) => [step, value, attempt]);

/** The bytes of the only event file of a fixture. */
async function eventFile(name: string): Promise<Buffer> {
  const [file = ''] = (await readdir(join(FIXTURES, name))).filter((one) => one.includes('tfevents'));
  return readFile(join(FIXTURES, name, file));
}

test('values are in the record while pods run, of files, JSON lines and marked lines of the log', async () => {
  const bytes = await eventFile('clu');
  const file = join(tensorboard, 'events.out.tfevents.1.pod');
  await writeFile(file, bytes.subarray(0, 300));
  await lines({ step: 2, acc: 0.5, total_steps: 8 });
  const log = await logs.open(ID);
  await writeFile(
    await log.file(WORKER),
    'noise\n{"metric": {"lr": 0.1, "step": 4}}\nx {"metric": {"no": 1}}\n',
  );
  await log.appended([WORKER]);
  await expect
    .poll(record, { timeout: 20_000 })
    .toMatchObject({ acc: { last: 0.5, step: 2 }, lr: { last: 0.1, step: 4 } });
  expect(store.state(ID)?.record.progress).toMatchObject({ total_steps: 8 });
  await appendFile(file, bytes.subarray(300));
  await expect
    .poll(record, { timeout: 20_000 })
    .toMatchObject({ loss: { last: 0.25, step: 3, min: 0.25, max: 1 } });
  expect(Object.keys(record())).not.toContain('no');
});

test('a run that appears later puts its name in front; a last line without an end counts at the end', async () => {
  await mkdir(join(tensorboard, 'train'));
  await writeFile(join(tensorboard, 'train/events.out.tfevents.1.pod'), await eventFile('clu'));
  await expect.poll(() => Object.keys(record()).sort(), { timeout: 20_000 }).toEqual(['accuracy', 'loss']);
  await mkdir(join(tensorboard, 'val'));
  await writeFile(join(tensorboard, 'val/events.out.tfevents.1.pod'), await eventFile('clu'));
  await writeFile(join(output, 'metrics.jsonl'), '{"f1": 1}');
  await following.end();
  expect(Object.keys(record()).sort()).toEqual([
    'f1',
    'train/accuracy',
    'train/loss',
    'val/accuracy',
    'val/loss',
  ]);
});

test('attempts are told apart', async () => {
  await lines({ step: 1, loss: 3 }, { step: 2, loss: 2 });
  await following.begin(2);
  await lines({ step: 1, loss: 1 });
  await following.end();
  expect(await seriesOf('loss')).toEqual([
    [1, 3, 1],
    [2, 2, 1],
    [1, 1, 2],
  ]);
  expect(record()['loss']).toMatchObject({ last: 1, step: 1, min: 1, max: 3 });
});

test('lines that a program keeps when it goes on from a checkpoint count once; a file begun anew counts again', async () => {
  await lines({ step: 1, loss: 3 }, { step: 2, loss: 2 }, { step: 3, loss: 1 });
  await following.begin(2);
  const beside = join(output, 'beside');
  await writeFile(beside, '{"step":1,"loss":3}\n');
  await rename(beside, join(output, 'metrics.jsonl'));
  await lines({ step: 2, loss: 2.5 });
  await following.begin(3);
  await writeFile(join(output, 'metrics.jsonl'), '{"step":1,"loss":3}\n');
  await following.end();
  expect(await seriesOf('loss')).toEqual([
    [1, 3, 1],
    [2, 2, 1],
    [3, 1, 1],
    [2, 2.5, 2],
    [1, 3, 3],
  ]);
});

test('who takes it up again goes on where the one before ended, and nothing counts twice', async () => {
  await lines({ step: 1, loss: 3 });
  await following.end();
  await lines({ step: 2, loss: 2 });
  following = await metrics.follow(ID, { logs: await logs.open(ID), engine: {} });
  await following.end();
  expect(await seriesOf('loss')).toEqual([
    [1, 3, 1],
    [2, 2, 1],
  ]);
});

test('a line that is no JSON object is told with its place, and hides no other', async () => {
  const file = join(output, 'metrics.jsonl');
  await writeFile(file, '\uFEFF{"step":1,"loss":3}\r\n\n{"note":"no number"}\n');
  await following.begin(2);
  expect(notices()).toEqual([]);
  await appendFile(file, '{"step":2,"lo{"step":2,"loss":2}\n[1]\n{"step":3,"loss":1}\n{"step":4,"lo');
  await following.end();
  expect(await seriesOf('loss')).toEqual([
    [1, 3, 1],
    [3, 1, 2],
  ]);
  expect(notices()).toEqual([
    {
      code: 'metrics_line_left_out',
      message: expect.stringMatching(
        /^line 4 of metrics\.jsonl is not a JSON object: .*let one of them write/,
      ),
    },
  ]);
});

test('a damaged file and one that was written anew are told with their place', async () => {
  const bytes = await eventFile('clu');
  const damaged = Buffer.from(bytes);
  damaged[400] = (damaged[400] ?? 0) ^ 1;
  await writeFile(join(tensorboard, 'a.tfevents'), damaged);
  await writeFile(join(tensorboard, 'b.tfevents'), bytes);
  await following.begin(2);
  await writeFile(join(tensorboard, 'b.tfevents'), bytes.subarray(0, 300));
  await following.end();
  expect(notices().map(({ code }) => code)).toEqual(['event_file_damaged', 'event_file_overwritten']);
  expect(notices()[0]?.message).toMatch(/^a\.tfevents is damaged at byte \d+: the checksum/);
  expect(notices()[1]?.message).toMatch(/^b\.tfevents was written anew .*filename_suffix/);
});

test('a long record that is not whole yet is passed over, and what comes after it is read', async () => {
  const bytes = await eventFile('clu');
  const file = join(tensorboard, 'a.tfevents');
  const long = Buffer.alloc(20 * 2 ** 20 + 16);
  const view = new DataView(long.buffer, long.byteOffset, long.byteLength);
  view.setUint32(0, long.length - 16, true);
  view.setInt32(8, maskedCrc(view, 0, 8), true);
  view.setInt32(long.length - 4, maskedCrc(view, 12, long.length - 4), true);
  await writeFile(file, Buffer.concat([bytes, long.subarray(0, 17 * 2 ** 20)]));
  await following.begin(2);
  await following.begin(3);
  await appendFile(file, Buffer.concat([long.subarray(17 * 2 ** 20), bytes]));
  await following.end();
  expect(await seriesOf('loss')).toHaveLength(8);
  expect(notices()).toEqual([]);
});

test('what is no file, and folders that are not there, hold up nothing', async () => {
  execFileSync('mkfifo', [join(output, 'metrics.jsonl')]);
  await rm(tensorboard, { recursive: true });
  await following.begin(2);
  expect(record()).toEqual({});
});

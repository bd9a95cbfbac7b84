import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPERIMENT_MARK } from '../../src/engines/local/pod/pod-environment.ts';
import { clusterFolder } from '../../src/engines/local/ray/cluster.ts';
import { tokenFile } from '../../src/engines/local/ray/token.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { chooseProcesses } from '../../src/machine/choose-processes.ts';
import { signalProcess } from '../../src/machine/signals.ts';
import { createHouse, isPod, lastOf, type House, type Submission, type Submitted } from '../engine/house.ts';
import { frameworkEnvironment } from './environment.ts';
import { PATIENCE_MS, measured } from './measured.ts';

let house: House;
let path: string;
let newest: string;

beforeAll(async () => {
  path = `${await frameworkEnvironment('ray-jupyter')}:${process.env['PATH']}`;
  newest = `${await frameworkEnvironment('ray-newest')}:${process.env['PATH']}`;
  house = await createHouse();
});
afterAll(() => house.leave());

/** How long a cluster may take on a busy machine. */
const LONG = { timeout: PATIENCE_MS, interval: 200 };

const resources = { cpus: 1, ramRatio: 1 };

function cluster(
  script: string,
  { workers = [] as object[], more = {} as object, head = {} as object } = {},
): Submission {
  return {
    spec: {
      operator: 'kuberay',
      rayVersion: '2.23.0',
      command: 'python -u src/main.py',
      types: { Head: { resources, ...head }, Workers: workers },
      ...more,
    },
    files: { 'src/main.py': script },
    shell: { PATH: path, HOME: process.env['HOME'] ?? '/' },
  };
}

/** As in Ray's own documentation, with the logical resource of a group. */
const TASKS = `
import os, ray
ray.init(address=os.environ.get("RAY_ADDRESS", "auto"))
@ray.remote(num_cpus=1, resources={"cpu-small": 1})
def square(x):
    return x * x, os.environ["RAY_NODE_TYPE_NAME"]
print("squares", ray.get([square.remote(i) for i in range(4)]))
print("nodes", len(ray.nodes()), "heads", ray.cluster_resources()["head"])
`;

async function nothingIsLeft({ id }: Submitted): Promise<void> {
  const processes = chooseProcesses(process.env, process.platform);
  expect(await processes.marked(EXPERIMENT_MARK, id, 'HOSTNAME')).toEqual([]);
  expect(existsSync(clusterFolder(id, 1))).toBe(false);
}

/** Fails with what the pods printed. */
async function succeeded(submitted: Submitted, facts: readonly ExperimentFact[]): Promise<void> {
  const failure = facts.find((fact) => fact.type === 'failure');
  if (failure === undefined) return;
  const lines = (await submitted.lines()).map(({ pod, text }) => `${pod} ${text}`);
  throw new Error([failure.explanation, ...lines.slice(-60)].join('\n'));
}

const WORKERS = [{ name: 'cpu-small', count: 2, resources }];

const failureOf = (facts: readonly ExperimentFact[]) => facts.find((fact) => fact.type === 'failure') ?? null;

describe('a Ray cluster', () => {
  test('with two workers runs the command, and nothing of it is left', async () => {
    const head = { rayStartParams: { 'num-cpus': '0' } };
    const submitted = await house.submit(cluster(TASKS, { workers: WORKERS, head }));
    const facts = await measured('ray: head and 2 workers', submitted.run().done);
    const printed = await submitted.printed('submitter-0-0');
    await succeeded(submitted, facts);
    expect(printed).toContain(
      "squares [(0, 'cpu-small'), (1, 'cpu-small'), (4, 'cpu-small'), (9, 'cpu-small')]",
    );
    expect(printed).toContain('nodes 3 heads 100000.0');
    expect(new Set(Object.values(lastOf(facts)).map(({ status }) => status))).toEqual(new Set(['Succeeded']));
    const links = facts.flatMap((fact) =>
      fact.type === 'link' && fact.name === 'ray_dashboard' ? [fact.url] : [],
    );
    expect(links).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), null]);
    expect(await submitted.printed('cpu-small-0-0')).toContain('GCS is ready');
    await nothingIsLeft(submitted);
  });

  test('of a head alone gives on what the driver exits with; two run side by side', async () => {
    const script = `import ray, sys, time
ray.init()
print("nodes", len(ray.nodes()))
sys.exit(7)`;
    const both = await Promise.all([house.submit(cluster(script)), house.submit(cluster(script))]);
    const ends = await Promise.all(
      both.map((each, index) => measured(`ray: head alone, ${index + 1} of 2 at once`, each.run().done)),
    );
    for (const [index, facts] of ends.entries()) {
      const submitted = both[index];
      if (submitted === undefined) throw new Error('a run too many');
      if (lastOf(facts)['submitter-0-0']?.exit_code !== 7) await succeeded(submitted, facts);
      expect(lastOf(facts)['submitter-0-0']).toMatchObject({ status: 'Failed', exit_code: 7 });
      expect(lastOf(facts)['head-0-0']).toMatchObject({ status: 'Stopped', exit_code: 0 });
      expect(await submitted.printed('submitter-0-0')).toContain('nodes 1');
      await nothingIsLeft(submitted);
    }
  });

  test('outlives the server; cancelled after that, it lets the driver end in its own way', async () => {
    const script = `import ray, signal, sys, time
def end(number, frame):
    print("saves its work", flush=True)
    time.sleep(4)
    print("saved", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
ray.init()
signal.signal(signal.SIGTERM, end)
print("works", flush=True)
while True: time.sleep(0.1)`;
    const submitted = await house.submit(cluster(script));
    const running = submitted.run();
    await running.seen(isPod('submitter-0-0', 'Running'));
    await printedLine(submitted, 'works');
    submitted.detach.abort();
    await running.done;
    const again = submitted.run(house.restarted(), {}, new AbortController().signal);
    await again.seen(isPod('submitter-0-0', 'Running'));
    submitted.stop.abort();
    const facts = await measured('ray: cancelled', again.done);
    expect(await submitted.printed('submitter-0-0')).toMatch(/works\n(.*\n)*saves its work\nsaved/);
    expect(new Set(Object.values(lastOf(facts)).map(({ reason }) => reason))).toEqual(
      new Set(['CancelledByUser']),
    );
    await nothingIsLeft(submitted);
  });

  test('ends with a worker that is killed, and names it', async () => {
    const script = 'import ray, time\nray.init()\nprint("works", flush=True)\ntime.sleep(600)';
    const workers = [{ name: 'cpu-small', count: 1, resources }];
    const submitted = await house.submit(cluster(script, { workers }));
    const running = submitted.run();
    await printedLine(submitted, 'works');
    const marks = chooseProcesses(process.env, process.platform);
    const pods = await marks.marked(EXPERIMENT_MARK, submitted.id, 'HOSTNAME');
    for (const { pid } of pods.filter(({ also }) => also === 'cpu-small-0-0')) signalProcess(pid, 'SIGKILL');
    const facts = await measured('ray: killed worker', running.done);
    expect(failureOf(facts)).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringContaining('cpu-small-0-0'),
    });
    await nothingIsLeft(submitted);
  });

  test('debugs with Jupyter: a link with its token that nobody has to look for', async () => {
    const submitted = await house.submit(cluster(TASKS, { more: { debug: { jupyter: { enabled: true } } } }));
    const running = submitted.run();
    const link = await running.seen((fact) => fact.type === 'link' && fact.name === 'jupyter');
    const url = new URL(link.type === 'link' ? (link.url ?? '') : '');
    const contents = new URL('/api/contents/src', url);
    expect((await fetch(contents)).status).toBe(403);
    contents.search = url.search;
    expect(JSON.stringify(await (await fetch(contents)).json())).toContain('main.py');
    submitted.stop.abort();
    await measured('ray: jupyter', running.done);
    await nothingIsLeft(submitted);
  });

  test('does not start with another version than the manifest names, and says the cure', async () => {
    const submitted = await house.submit(cluster(TASKS, { more: { rayVersion: '2.60.0' } }));
    const facts = await submitted.run().done;
    expect(failureOf(facts)).toMatchObject({
      reason: 'StartFailed',
      explanation: expect.stringMatching(
        /rayVersion is 2\.60\.0.*has Ray 2\.23\.0.*ray\[default\]==2\.60\.0/,
      ),
    });
    expect(lastOf(facts)).toEqual({});
  });

  test('does not wait for ever for a node whose raylet has ended itself', async () => {
    const script = `
import os, ray, signal, time
ray.init(address="auto")
@ray.remote(num_cpus=1, resources={"cpu-small": 1})
def end():
    os.kill(os.getppid(), signal.SIGTERM)
try:
    ray.get(end.remote())
except Exception as error:
    print(type(error).__name__)
time.sleep(3600)
`;
    const workers = [{ name: 'cpu-small', count: 1, resources }];
    const submitted = await house.submit(cluster(script, { workers }));
    const facts = await measured('ray: a raylet ends', submitted.run().done);
    expect(failureOf(facts)?.explanation).toContain('raylet of this node has ended');
    await nothingIsLeft(submitted);
  });

  test('does not start without Ray', async () => {
    const without = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/' };
    const submitted = await house.submit({ ...cluster(TASKS), shell: without });
    expect(failureOf(await submitted.run().done)).toMatchObject({
      reason: 'CommandNotFound',
      explanation: expect.stringContaining('add ray[default]==2.23.0'),
    });
  });
});

async function printedLine(submitted: Submitted, text: string): Promise<void> {
  await expect
    .poll(async () => (await submitted.printed('submitter-0-0')).split('\n').includes(text), LONG)
    .toBe(true);
}

/** The version of `locks/ray-newest.txt`. */
const NEWEST = '2.60.0';

describe('a cluster of the newest Ray', () => {
  test('has a token of its own, whatever the user has', async () => {
    const home = mkdtempSync(join(tmpdir(), 'aichor-ray-home-'));
    mkdirSync(join(home, '.ray'));
    // What a plain `ray.init()` leaves: from then on this version demands a token of every cluster.
    writeFileSync(join(home, '.ray', 'auth_token'), 'f'.repeat(64));
    const script = `${TASKS}
open(os.environ["AICHOR_OUTPUT_PATH"] + "works", "w").close()
import time
while not os.path.exists(os.environ["AICHOR_OUTPUT_PATH"] + "asked"): time.sleep(0.1)`;
    const submitted = await house.submit({
      ...cluster(script, {
        workers: [{ name: 'cpu-small', count: 1, resources }],
        more: { rayVersion: NEWEST },
      }),
      shell: { PATH: newest, HOME: home },
    });
    const running = submitted.run();
    const link = await running.seen((fact) => fact.type === 'link' && fact.name === 'ray_dashboard');
    const url = link.type === 'link' ? (link.url ?? '') : '';
    const { paths, directory } = await submitted.context();
    const { output } = paths;
    mkdirSync(output, { recursive: true });
    const ended = running.done.then((facts) => succeeded(submitted, facts));
    const works = async () => {
      await expect.poll(() => existsSync(`${output}works`), LONG).toBe(true);
    };
    await Promise.race([ended, works()]);
    const token = readFileSync(tokenFile(directory), 'utf8').trim();
    const ask = async (headers: Record<string, string>) =>
      (await fetch(new URL('/api/jobs/', url), { headers })).status;
    expect(await ask({})).toBe(401);
    expect(await ask({ authorization: `Bearer ${'f'.repeat(64)}` })).toBe(403);
    expect(await ask({ authorization: `Bearer ${token}` })).toBe(200);
    writeFileSync(`${output}asked`, '');
    const facts = await measured('ray: newest, head and 1 worker', running.done);
    await succeeded(submitted, facts);
    expect(await submitted.printed('submitter-0-0')).toContain('nodes 2');
    expect(JSON.stringify(facts)).toContain('ray_dashboard_token');
    expect(JSON.stringify([facts, await submitted.lines()])).not.toContain(token);
    await nothingIsLeft(submitted);
    rmSync(home, { recursive: true, force: true });
  });
});

/** An experiment of 500 pods in a real browser: a real server with the Kubernetes engine, at an API server whose nodes the test plays. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { formatBytes } from '../../src/base/text/bytes.ts';
import type { ExperimentRecord, PodRecord } from '../../src/experiment/record.ts';
import { jsonOf, makeProgram, type Program } from '../cli/program.ts';
import { createFakeJobSets, type FakeJobSets } from '../engine/fake-jobsets.ts';
import { serveJobSets, startFakeApi, type FakeApi } from '../fakes/kubernetes-api.ts';
import { expectReadable } from './axe.ts';
import { enterConsole, launch, describeInBrowser, type Entered } from './browser.ts';

const PODS = 500;
const NODES = 20;
const JOBS = Array.from({ length: PODS }, (_, job) => job);
const shortOf = (job: number) => `worker-${job}-0`;
const nodeOf = (job: number) => `node-${((job * 7) % NODES) + 1}`;
/** Bytes: what is drawn of them (`950 kB`, `1.2 MB`) has another order than the words. */
const memoryOf = (job: number) => 900_000 + ((job * 37) % PODS) * 7919;
/** These never come to run: they have neither node nor exit code, nor a peak. */
const WAITING = JOBS.filter((job) => job % 50 === 33);
const STARTED = JOBS.filter((job) => !WAITING.includes(job));
/** Exit codes of those that fail. */
const CODES: Readonly<Record<number, number>> = { 3: 1, 40: 137, 77: 10, 200: 3, 490: 2 };

const MANIFEST = `kind: AIchorManifest
apiVersion: 0.2.3
builder: {image: reg.test/work:1, dockerfile: Dockerfile, context: ., skipBuild: {enabled: true}}
spec:
  operator: jobset
  image: reg.test/work:1
  command: python main.py
  restartPolicy: {backoffLimit: 1}
  types:
    worker: {count: ${PODS}, resources: {cpus: 1, memory: 1}}
`;

describeInBrowser('500 pods in the console', { timeout: 120_000 }, () => {
  let api: FakeApi;
  let jobsets: FakeJobSets;
  let program: Program;
  let browser: Browser;
  let entered: Entered;
  let page: Page;
  let id: string;

  const record = (): Promise<ExperimentRecord> => jsonOf(program, ['experiments', 'get', id]);
  const header = (name: string) => page.getByRole('columnheader', { name });
  const sortBy = (name: string) => header(name).getByRole('button').click();
  /** Texts of all cells, row by row. */
  const rows = () =>
    page.evaluate<string[][]>(
      `[...document.querySelectorAll('.pods tbody tr')].map(({ cells }) => [...cells].map((cell) => cell.textContent))`,
    );
  const shownPods = async () => (await rows()).map(([pod]) => pod);

  beforeAll(async () => {
    api = await startFakeApi();
    jobsets = createFakeJobSets(api);
    program = makeProgram('console-pods', { KUBECONFIG: api.kubeconfig });
    browser = await launch();
    id = await begun(api, jobsets, program);
    const isSampled = async () =>
      expect((await record()).pods.filter(({ usage }) => usage !== null)).toHaveLength(STARTED.length);
    await vi.waitFor(isSampled, { timeout: 60_000, interval: 500 });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    // Before what is left is ended for good: that is waited for without answering anybody.
    await program.aichor(['server', 'stop']);
    program.close();
    await api.close();
  }, 60_000);
  beforeEach(async () => {
    entered = await enterConsole(browser, program);
    ({ page } = entered);
    await page.getByRole('link', { name: 'Very wide', exact: true }).waitFor();
    await page.goto(`${entered.origin}/experiments/${id}`);
    await page
      .locator('.pods tbody tr')
      .nth(PODS - 1)
      .waitFor();
  });
  afterEach(() => entered.leave());

  it('shows the end of each as it comes, failed ones first', async () => {
    await sortBy('Status');
    expect((await shownPods())[0]).toBe(shortOf(WAITING[0] ?? 0));
    await sortBy('Status');
    for (const job of STARTED) jobsets.end(shortOf(job), CODES[job] ?? 0, 10 + (job % 90));
    for (const job of WAITING) jobsets.remove(shortOf(job));
    jobsets.conclude('Failed');
    const failed = Object.keys(CODES).map((job) => shortOf(Number(job)));
    await expect
      .poll(async () => (await shownPods()).slice(0, failed.length), { timeout: 60_000 })
      .toEqual(failed);
    // The logs of all of them are read to their end first.
    await page.locator('.head').getByText('Failed', { exact: true }).waitFor({ timeout: 100_000 });
    await page.locator('.pods').getByText('Pending').first().waitFor({ state: 'detached' });
  });

  it('sorts by each column, in both directions', async () => {
    const { pods } = await record();
    for (const [name, valueOf] of Object.entries(VALUES))
      for (const [direction, sign] of [
        ['ascending', 1],
        ['descending', -1],
      ] as const) {
        await sortBy(name);
        expect(await header(name).getAttribute('aria-sort')).toBe(direction);
        const wanted = inOrder(pods, valueOf, sign).map(({ pod }) => pod);
        expect(await shownPods(), `${name}, ${direction}`).toEqual(wanted);
      }
    const texts = new Map((await rows()).map(([pod = '', ...cells]) => [pod, cells]));
    for (const { pod, rank, node, exit_code, attempt, usage } of pods) {
      const peak = usage?.memory_bytes == null ? '' : formatBytes(usage.memory_bytes.peak);
      const [ranked, where, , code, restarts, , memory] = texts.get(pod) ?? [];
      expect([ranked, where, code, restarts, memory], pod).toEqual(
        [rank, node ?? '', exit_code ?? '', attempt - 1, peak].map(String),
      );
    }
  });

  it('is sorted with keys alone, and one of them opened', async () => {
    await header('Pod').getByRole('button').focus();
    for (const _ of ['Rank', 'Node', 'Status', 'Exit code']) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    expect(await header('Exit code').getAttribute('aria-sort')).toBe('descending');
    const [first = ''] = await shownPods();
    // From the last column on to the first pod.
    for (const _ of ['Restarts', 'Duration', 'Peak memory', first]) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/logs?pod=${first}`);
    await page.locator('.line:visible').getByText(`I am ${first} `).waitFor();
  });

  it('has the lines of one of them, chosen among all', async () => {
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    const choice = page.getByRole('combobox', { name: 'Pod' });
    await choice.waitFor();
    expect(await choice.locator('option').allInnerTexts()).toEqual(['All pods', ...JOBS.map(shortOf)]);
    await page.getByText(`${STARTED.length} lines`).waitFor();
    await choice.focus();
    await page.keyboard.type('worker-321-0');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/logs?pod=worker-321-0');
    const lines = page.locator('.line:visible .line-text');
    await lines.getByText('I am worker-321-0 ').waitFor();
    expect(await lines.count()).toBe(1);
    await choice.selectOption('');
    await page.getByText(`${STARTED.length} lines`).waitFor();
  });

  it('fits a window of 320 pixels, and everybody can read it', async () => {
    await page.setViewportSize({ width: 320, height: 900 });
    await expectReadable(page, '500 pods');
    await page.goto(`${entered.origin}/experiments/${id}/logs`);
    await page.locator('.line:visible').first().waitFor();
    await expectReadable(page, 'the log of 500 pods');
  });
});

/** What a column is sorted by; null: it has no value, and comes last. */
const VALUES: Readonly<Record<string, (pod: PodRecord) => number | null>> = {
  Pod: ({ job_index: job }) => job,
  Rank: ({ rank }) => rank,
  Node: ({ node }) => (node === null ? null : Number(node.replace('node-', ''))),
  Status: ({ status }) => ['Failed', 'Running', 'Pending', 'Stopped', 'Succeeded'].indexOf(status),
  'Exit code': ({ exit_code: code }) => code,
  Restarts: ({ attempt }) => attempt - 1,
  Duration: ({ started_at: start, ended_at: end }) =>
    start === null || end === null ? null : Date.parse(end) - Date.parse(start),
  'Peak memory': ({ usage }) => usage?.memory_bytes?.peak ?? null,
};

/** Those that are equal by their rank. */
function inOrder(pods: readonly PodRecord[], valueOf: (pod: PodRecord) => number | null, sign: 1 | -1) {
  return pods.toSorted((a, b) => {
    const [one, other] = [valueOf(a), valueOf(b)];
    if (one === null || other === null)
      return Number(one === null) - Number(other === null) || a.rank - b.rank;
    return sign * (one - other) || a.rank - b.rank;
  });
}

/** All pods of its second attempt run, and the cluster tells what they take. */
async function begun(api: FakeApi, jobsets: FakeJobSets, program: Program): Promise<string> {
  writeFileSync(join(program.repo, 'manifest.yaml'), MANIFEST);
  writeFileSync(join(program.repo, 'Dockerfile'), 'FROM reg.test/work:1\n');
  serveJobSets(api, 'lab');
  const status = {
    conditions: [{ type: 'Ready', status: 'True' }],
    allocatable: { cpu: '64', memory: '512Gi', pods: '110' },
  };
  for (let node = 1; node <= NODES; node++)
    api.store.put('nodes', { metadata: { name: `node-${node}` }, status });
  // The first attempt's pods say nothing.
  api.logOf = (pod) => {
    const [, said] = /-(worker-\d+-0)-1$/.exec(pod) ?? [];
    return said === undefined ? '' : `2026-01-01T00:00:11.000000000Z I am ${said} of it\n`;
  };
  await jsonOf(program, ['engines', 'add', 'lab']);
  const { experiment_id: id } = await jsonOf(program, [
    'experiments',
    'submit',
    'local',
    '--engine',
    'lab',
    '--message',
    'Very wide',
  ]);
  const created = await jobsets.created();
  jobsets.makePods(0, nodeOf);
  jobsets.start(...JOBS.map(shortOf));
  jobsets.end(shortOf(7), 1);
  for (const job of JOBS) jobsets.remove(shortOf(job));
  api.store.put('jobsets', { ...created, status: { restarts: 1, restartsCountTowardsMax: 1 } });
  await jobsets.until(() => jobsets.pods().size === 0);
  jobsets.makePods(1, nodeOf);
  jobsets.start(...STARTED.map(shortOf));
  const pods = jobsets.pods();
  const items = STARTED.map((job) => ({
    metadata: { name: pods.get(shortOf(job))?.metadata.name },
    containers: [{ usage: { cpu: '500m', memory: String(memoryOf(job)) } }],
  }));
  api.documents.set('/apis/metrics.k8s.io/v1beta1/namespaces/lab/pods', {
    items,
    metadata: { resourceVersion: '1' },
  });
  return id;
}

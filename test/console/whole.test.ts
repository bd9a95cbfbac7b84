/** What an experiment can have, of every kind, and a list that is longer than a page: beside a control plane whose engine the test plays. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { REACHED } from '../../src/experiment/link.ts';
import { createEmbeddedConsole, type EmbeddedConsole } from '../../src/server/console/embedded.ts';
import { foldersBelow } from '../../src/server/process/folders.ts';
import {
  createTestPlane,
  FILES,
  JOBSET,
  localSubmission,
  type TestPlane,
} from '../contract/control-plane.ts';
import { createFakeEngine, podFact } from '../fakes/fake-engine.ts';
import { expectReadable } from './axe.ts';
import { describeInBrowser, launch, watchedPage, type Watched } from './browser.ts';

const KEY = 'the-key-of-the-server';
const exactly = (text: string) => new RegExp(`^${text.replace(/[()]/g, '\\$&')}$`);
const MANY = 120;
/** Two pods a job at a time of six in all. */
const IN_WAVES = JOBSET.replace('count: 2', 'count: 1\n      completions: 6\n      parallelisms: 2');
const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const AT_THE_FORGE = `https://forge.test/lab/folding/commit/${COMMIT}`;

/** What stands in the address, and the messages of what is found by it. */
const FOUND: readonly (readonly [string, readonly string[]])[] = [
  ['status=Running', ['Whole']],
  ['label=team%3Dvision', ['By a member', 'Whole']],
  ['submitted_by=a-member', ['By a member']],
  ['branch=try%2F1', ['Whole']],
  [
    'message=120%3A%2011',
    [110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 11].map((at) => `One of 120: ${at}`).toSorted(),
  ],
  ['project=default&label=team%3Dvision', ['By a member', 'Whole']],
  ['project=other', []],
  ['engine=local&label=team%3Dvision', ['By a member', 'Whole']],
  ['engine=other', []],
  ['operator=jobset&label=team%3Dvision', ['By a member', 'Whole']],
  ['operator=jax', []],
  ['sweep=none', []],
  ['since=1d&label=team%3Dvision', ['By a member', 'Whole']],
  ['since=2999-01-01', []],
  ['until=1d', []],
  ['until=2999-01-01&submitted_by=a-member', ['By a member']],
];

describeInBrowser('all that an experiment can have', { timeout: 60_000 }, () => {
  let t: TestPlane;
  let served: EmbeddedConsole;
  let origin: string;
  let browser: Browser;
  let context: BrowserContext;
  let watched: Watched;
  let page: Page;
  let id: string;
  const keys: Record<string, string> = {};

  const asked = (method: string, path: string, body?: unknown, key = KEY) =>
    t.call(method, path, body, { authorization: `Bearer ${key}` });

  beforeAll(async () => {
    const engine = createFakeEngine({ capacity: { max_experiments: 1 } });
    const taken = { cpus: 1.5, memory_bytes: 2_000_000 };
    // The second pod has no GPU.
    engine.usage = async () => [
      { pod: 'worker-0-0', ...taken, gpu: 0.5, gpu_memory_bytes: 7_000_000_000 },
      { pod: 'worker-0-1', ...taken, gpu: null, gpu_memory_bytes: null },
    ];
    t = await createTestPlane({ apiKey: KEY, engine });
    served = createEmbeddedConsole({
      ...{ app: t.app, folders: foldersBelow(t.data), onRequest: () => undefined },
      log: t.serving.log,
    });
    origin = await served.address();
    for (const role of ['member', 'viewer'])
      keys[role] = (await asked('POST', '/keys', { name: `a-${role}`, role })).body.key;
    const snapshot = await t.snapshot({ ...FILES, 'manifest.yaml': IN_WAVES });
    const source = { kind: 'local', snapshot, commit_sha: COMMIT, branch: 'try/1', dirty: true } as const;
    const first = { source, message: 'Whole', labels: { team: 'vision' }, env: { RATE: '1' } };
    id = (await asked('POST', '/experiments', first)).body.experiment_id;
    const run = await engine.started(id);
    run.emit(
      {
        type: 'source',
        source: {
          ...{ kind: 'commit', snapshot, repository: 'https://forge.test/lab/folding', commit_sha: COMMIT },
          ...{ branch: 'try/1', dirty: true, author: 'Anna', commit_message: 'exp: go', url: AT_THE_FORGE },
        },
      },
      { type: 'notice', code: 'disk_full', message: 'the disk is nearly full' },
      podFact('worker-0-0', 'Running'),
      podFact('worker-0-1', 'Running'),
      { type: 'link', name: 'ray_dashboard', url: REACHED },
    );
    await t.until(id, ({ record }) => record.links.ray_dashboard !== null);
    const { body: record } = await asked('GET', `/experiments/${id}`);
    for (const [folder, name] of [
      [record.paths.output, 'model.pt'],
      [record.paths.input, 'data.csv'],
    ]) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, name), `<script>alert(1)</script> of ${name}`);
    }
    const plain = localSubmission(await t.snapshot(FILES));
    const of = (more: object, key?: string) => asked('POST', '/experiments', { ...plain, ...more }, key);
    for (let number = 1; number <= MANY; number++) await of({ message: `One of ${MANY}: ${number}` });
    await of({ message: 'By a member', labels: { team: 'vision' } }, keys['member']);
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await served.close(0);
    await t.close();
  }, 60_000);
  afterEach(async () => {
    await context.close();
    if (watched.faults.length > 0) throw new Error(`the page broke a rule:\n${watched.faults.join('\n')}`);
  });

  /** By a code of this key, as `aichor console` has it. */
  async function enter(key = KEY): Promise<void> {
    const { body } = await asked('POST', '/console', undefined, key);
    context = await browser.newContext();
    watched = await watchedPage(context);
    ({ page } = watched);
    await page.goto(`${origin}/#${body.url.split('#')[1]}`);
    await page.locator('tbody tr').first().waitFor();
  }
  const rows = () => page.locator('table.experiments tbody tr');
  const messages = () => rows().locator('.what a').allInnerTexts();

  it('is listed 50 at a time, and more as it is scrolled, to the last one', async () => {
    await enter();
    await expect.poll(() => rows().count()).toBe(50);
    for (const wanted of [100, MANY + 2]) {
      await rows().last().scrollIntoViewIfNeeded();
      await expect.poll(() => rows().count()).toBe(wanted);
    }
    expect((await messages()).at(-1)).toBe('Whole');
    expect(new Set(await messages()).size).toBe(MANY + 2);
    expect(await page.getByText('Loading…').count()).toBe(0);
  });

  it('is found by the address, by each of its words', async () => {
    await enter();
    for (const [query, wanted] of FOUND) {
      await page.goto(`${origin}/experiments?${query}`);
      if (wanted.length === 0) await page.getByText('No experiment is like that.').waitFor();
      await expect.poll(async () => (await messages()).toSorted(), { message: query }).toEqual(wanted);
      // It stands in the field as well, and is kept when it is sent again as it is.
      await page.getByRole('searchbox').press('Enter');
      expect(new Set(new URL(page.url()).searchParams), query).toEqual(new Set(new URLSearchParams(query)));
    }
  });

  it('tells where its code is from, what is to be known of it, and what it serves, on another host', async () => {
    await enter();
    await page.goto(`${origin}/experiments/${id}`);
    const code = page.locator('dt', { hasText: 'Code' }).locator('..');
    await code.getByText('of try/1 with changes that are in no commit by Anna').waitFor();
    const forge = code.getByRole('link');
    expect(await forge.innerText()).toContain(COMMIT.slice(0, 12));
    expect(await forge.getAttribute('href')).toBe(AT_THE_FORGE);
    expect(await forge.getAttribute('rel')).toBe('noopener noreferrer');
    await page.getByRole('heading', { name: '1 notice' }).waitFor();
    await page.locator('.notices').getByText('the disk is nearly full').waitFor();
    expect(await page.locator('.timeline li').allInnerTexts()).toEqual(
      expect.arrayContaining([expect.stringMatching(/^Run\s+\S/)]),
    );
    const opened = context.waitForEvent('page');
    await context.route('https://team.example/**', (route) => route.fulfill({ body: 'served' }));
    await page.getByRole('button', { name: 'Ray dashboard' }).click();
    const theirs = await opened;
    await theirs.getByText('served').waitFor();
    expect(new URL(theirs.url()).pathname).toBe(`/links/${id}/ray/`);
    expect(new URL(theirs.url()).searchParams.get('pass')).not.toBe('');
    // It knows nothing of the tab that it was opened from.
    expect(await theirs.evaluate('[window.opener, document.referrer, document.cookie]')).toEqual([
      null,
      '',
      '',
    ]);
  });

  it('has its plan with waves, and each variable with where it comes from', async () => {
    await enter();
    await page.goto(`${origin}/experiments/${id}/plan`);
    await page.getByRole('heading', { name: 'worker: 6 pods in 3 waves of 2' }).waitFor();
    await page.getByText(/^\d+ variables$/).click();
    await page.getByRole('row', { name: 'RATE 1 submission' }).waitFor();
    await page.getByRole('row', { name: /^AICHOR_EXPERIMENT_ID .* aichor$/ }).waitFor();
  });

  it('gives its inputs, outputs and code as files, whatever stands in them', async () => {
    await enter();
    await page.goto(`${origin}/experiments/${id}/files`);
    for (const [part, name] of [
      ['Outputs', 'model.pt'],
      ['Inputs of the project default', 'data.csv'],
    ] as const) {
      const saving = page.waitForEvent('download');
      await page.getByRole('region', { name: part }).getByRole('link', { name }).click();
      const saved = await saving;
      expect(saved.suggestedFilename()).toBe(name);
      let text = '';
      for await (const chunk of await saved.createReadStream()) text += chunk;
      expect(text).toBe(`<script>alert(1)</script> of ${name}`);
    }
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: /tar archive/ }).click();
    expect((await saving).suggestedFilename()).toBe(`${id}.tar`);
  });

  it('draws what pods took, a line a pod', async () => {
    await enter();
    await expect
      .poll(async () => (await asked('GET', `/experiments/${id}/usage/history`)).body.samples.length, {
        timeout: 20_000,
      })
      .toBeGreaterThan(0);
    await page.goto(`${origin}/experiments/${id}/metrics`);
    const used = page.getByRole('region', { name: 'What pods took' });
    for (const [name, pods] of [
      ['CPUs that are busy', ['worker-0-0', 'worker-0-1']],
      ['Memory', ['worker-0-0', 'worker-0-1']],
      ['How busy GPUs are (0 to 1)', ['worker-0-0']],
      ['Memory of GPUs', ['worker-0-0']],
    ] as const) {
      const caption = page.locator('figcaption', { hasText: exactly(name) });
      const labels = used.locator('figure').filter({ has: caption }).locator('.u-legend .u-label');
      await expect.poll(() => labels.allInnerTexts(), { message: name }).toEqual(['Time', ...pods]);
    }
    await expectReadable(page, 'what pods took');
  });

  it('lets each do what their key may, in the list and of one experiment', async () => {
    for (const [key, isOffered] of [
      [keys['viewer'], false],
      [keys['member'], true],
    ] as const) {
      await context?.close();
      await enter(key);
      await page.locator('table.experiments').getByRole('checkbox').first().check();
      const bar = page.getByRole('toolbar', { name: 'Selected experiments' });
      if (isOffered) await bar.waitFor();
      const offered = [];
      for (const name of ['Cancel', 'Resubmit', 'Delete', 'Ray dashboard'])
        offered.push(await page.getByRole('button', { name, exact: true }).count());
      expect(offered).toEqual(isOffered ? [1, 1, 1, 0] : [0, 0, 0, 0]);
      await page.goto(`${origin}/experiments/${id}`);
      await page.getByRole('heading', { name: 'Facts' }).waitFor();
      expect(await page.getByRole('button', { name: 'Cancel', exact: true }).count()).toBe(isOffered ? 1 : 0);
      expect(await page.getByRole('button', { name: 'Resubmit', exact: true }).count()).toBe(
        isOffered ? 1 : 0,
      );
      expect(await page.getByRole('heading', { name: 'What it serves' }).count()).toBe(isOffered ? 1 : 0);
    }
  });

  it('says in the list what was selected, alone and in a range', async () => {
    await enter();
    const boxes = page.locator('table.experiments').getByRole('checkbox');
    await boxes.nth(1).check();
    await boxes.nth(4).click({ modifiers: ['Shift'] });
    await page.getByRole('toolbar', { name: 'Selected experiments' }).getByText('4 experiments').waitFor();
  });
});

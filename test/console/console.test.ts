/** The console in a real browser, beside a real embedded server and real experiments. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonOf, makeProgram, type Program } from '../cli/program.ts';
import { expectReadable } from './axe.ts';
import { enterConsole, launch, describeInBrowser, watchedPage, type Entered } from './browser.ts';

const NO_ROOM = { error: { code: 'no_space', message: 'the disk is full', hint: null } };

describeInBrowser('the console', { timeout: 60_000 }, () => {
  let program: Program;
  let browser: Browser;
  let entered: Entered;
  let page: Page;
  let origin: string;

  const json = (...args: string[]) => jsonOf(program, args);
  const rowOf = (id: string) => page.locator(`tr[data-id="${id}"]`);
  const submitted = async (...flags: string[]): Promise<string> =>
    (await json('experiments', 'submit', 'local', ...flags)).experiment_id;

  beforeAll(async () => {
    program = makeProgram('console');
    browser = await launch();
    await submitted('--message', 'Baseline', '--env', 'RATE=0.1', '--label', 'team=vision', '--wait');
    await program.submit('--message', 'Too high', '--env', 'RATE=9', '--env', 'CODE=3', '--wait');
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    program.close();
  }, 60_000);

  beforeEach(async () => {
    entered = await enterConsole(browser, program);
    ({ page, origin } = entered);
    await page.getByRole('link', { name: 'Baseline', exact: true }).waitFor();
  });
  afterEach(() => entered.leave());

  it('lets in who has the code, once, and leaves it nowhere', async () => {
    const { url } = await json('console', '--print');
    expect(page.url()).not.toContain('#');
    const other = await browser.newContext();
    try {
      const { page: theirs } = await watchedPage(other);
      await theirs.goto(url);
      await theirs.getByRole('link', { name: 'Baseline', exact: true }).waitFor();
      const cookies = await other.cookies();
      expect(cookies).toMatchObject([{ name: 'aichor-session', httpOnly: true, sameSite: 'Lax', path: '/' }]);
      const kept = readFileSync(join(program.env['AICHOR_HOME'] ?? '', 'sessions.json'), 'utf8');
      expect(kept).not.toContain(cookies[0]?.value);
      await other.clearCookies();
      await theirs.goto(url);
      await theirs.reload();
      await theirs.getByText('aichor console').waitFor();
      await expectReadable(theirs, 'the door');
    } finally {
      await other.close();
    }
  });

  it('shows an experiment that begins, runs and ends, without being loaded again', async () => {
    const hold = join(program.home, 'hold-live');
    const id = await submitted('--message', 'Live one', '--env', `HOLD=${hold}`);
    await rowOf(id).getByText('Running', { exact: true }).waitFor();
    writeFileSync(hold, '');
    await rowOf(id).getByText('Succeeded', { exact: true }).waitFor();
  });

  it('comes with what it shows: each page with its scripts, styles and first answers', async () => {
    const hostile = '</script><script>alert(1)</script><!--';
    const id = await submitted('--message', hostile, '--wait');
    for (const [path, seen, scripts, again] of [
      ['/experiments', `tr[data-id="${id}"]`, 0, /session/],
      [`/experiments/${id}`, '.timeline', 1, /session/],
      [`/experiments/${id}/logs`, '.line:not([hidden]) .line-text', 1, /session|outline|offset/],
      ['/sweeps', 'h1', 1, /session/],
      ['/engines', 'h1', 1, /session/],
    ] as const) {
      const html = await (await page.goto(origin + path))?.text();
      await page.locator(seen).first().waitFor();
      expect(html?.match(/rel="modulepreload"/g) ?? [], path).toHaveLength(scripts);
      const asked = await page.evaluate<string[]>(
        "performance.getEntriesByType('resource').map(({ name }) => name)",
      );
      expect(
        asked.filter((url) => again.test(new URL(url).pathname + new URL(url).search)),
        path,
      ).toEqual([]);
      // Nothing of it has become an element: a log's page has a script of its own besides.
      expect(await page.locator('script').count()).toBe(path.endsWith('/logs') ? 2 : 1);
    }
    await page.goto(`${origin}/experiments`);
    await rowOf(id).getByText(hostile).waitFor();
    const time = rowOf(id).locator('time');
    expect(await time.getAttribute('title')).toBeNull();
    await time.hover();
    expect(await time.getAttribute('title')).toMatch(/\d:\d\d/);
  });

  it('filters by what stands in the address, and writes there what is typed', async () => {
    await page.getByRole('button', { name: /Failed/ }).click();
    await page.getByText('Baseline').waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.getAll('status')).toEqual(['Failed']);
    await page.goBack();
    await page.getByText('Baseline').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('label:team=vision base');
    await page.getByText('Too high').waitFor({ state: 'detached' });
    expect(new URL(page.url()).search).toBe('?message=base&label=team%3Dvision');
    await page.reload();
    await page.getByText('Baseline').waitFor();
    expect(await page.getByRole('searchbox').inputValue()).toBe('label:team=vision base');
    expect(await page.getByText('Too high').count()).toBe(0);
  });

  it('is used with keys alone: moves, opens, comes back, selects', async () => {
    const first = page.locator('tbody tr').first();
    const id = await first.getAttribute('data-id');
    await page.keyboard.press('j');
    await page.keyboard.press('x');
    await page.getByRole('toolbar', { name: 'Selected experiments' }).getByText('1 experiment').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${origin}/experiments/${id}`);
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.waitForURL(`${origin}/experiments`);
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  });

  it('cancels, submits again and deletes what is selected, and compares it', async () => {
    const id = await submitted('--message', 'Held', '--env', `HOLD=${join(program.home, 'never')}`);
    await rowOf(id).getByText('Running', { exact: true }).waitFor();
    await rowOf(id).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await rowOf(id).getByText('Cancelled', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Cancel', exact: true }).waitFor({ state: 'detached' });
    await rowOf(id).getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
    await rowOf(id).waitFor({ state: 'detached' });
    await page.getByRole('checkbox', { name: 'Select Baseline' }).first().check();
    await page.getByRole('checkbox', { name: 'Select Too high' }).first().check();
    await page.getByRole('button', { name: 'Resubmit', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Submit 2 experiments again' });
    // They have no variable in common but by name.
    expect(await dialog.getByLabel('Value of RATE').count()).toBe(0);
    await dialog.getByLabel('Name of a variable').fill('1');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await expect.poll(() => dialog.locator('input:invalid').count()).toBe(1);
    // What is refused stays to be put right.
    await page.route('**/resubmit', (route) => route.fulfill({ status: 507, json: NO_ROOM }), { times: 1 });
    await dialog.getByLabel('Name of a variable').fill('BOTH');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await dialog.getByRole('alert').getByText('the disk is full').waitFor();
    expect(await dialog.getByLabel('Name of a variable').inputValue()).toBe('BOTH');
    await dialog.getByLabel('Value of BOTH').fill('yes');
    await dialog.getByLabel('Message').fill('Both again');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await page.getByText('2 experiments submitted again').waitFor();
    await expect.poll(() => page.getByRole('link', { name: 'Both again' }).count()).toBe(2);
    await page.getByRole('checkbox', { name: 'Select Baseline' }).first().check();
    await page.getByRole('checkbox', { name: 'Select Too high' }).first().check();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();
    await page.getByRole('row', { name: /RATE 0\.1 9|RATE 9 0\.1/ }).waitFor();
  });

  it('tells of one experiment how it stands and why, step by step, pod by pod', async () => {
    await page.getByRole('link', { name: 'Too high', exact: true }).first().click();
    await page.locator('.head').getByText('Failed', { exact: true }).waitFor();
    await page.locator('.explanation').getByText('exited with code 3').waitFor();
    await page.getByRole('heading', { name: 'Steps' }).waitFor();
    const pod = page.getByRole('row', { name: /worker-0-0/ });
    expect(await pod.innerText()).toMatch(/worker-0-0\s+0\s+Failed NonZeroExit\s+3\s+0/);
    await page.getByRole('link', { name: 'Plan' }).click();
    await page.getByText('kind: AIchorManifest').waitFor();
    await page.getByText(/^\d+ variables$/).click();
    await page.getByRole('row', { name: 'RATE 9 submission' }).waitFor();
    const before = page.url();
    await page.getByRole('button', { name: 'Resubmit', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Submit again' });
    await dialog.getByLabel('Value of RATE').fill('7');
    await dialog.getByLabel('Name of a variable').fill('EXTRA');
    await dialog.getByLabel('Value of EXTRA').fill('more');
    await dialog.getByRole('button', { name: 'Leave out CODE' }).click();
    expect(await dialog.getByLabel('Value of CODE').isDisabled()).toBe(true);
    await expectReadable(page, 'the form that submits again');
    await dialog.getByRole('button', { name: 'Submit' }).click();
    await page.waitForURL((url) => url.href !== before && url.pathname.startsWith('/experiments/'));
    const made = page.url();
    await page.getByText('RATE=7').waitFor();
    await page.getByText('EXTRA=more').waitFor();
    expect(await page.getByText('CODE=3').count()).toBe(0);
    await page.locator('dt', { hasText: 'Runs again' }).locator('..').getByRole('link').click();
    const later = page.locator('dt', { hasText: 'Run again as' }).locator('..');
    await later.getByText('Succeeded', { exact: true }).first().waitFor();
    await later.getByRole('link').first().click();
    await page.waitForURL(made);
  });

  it('shows below a line of the manifest what is to be said of it', async () => {
    const id = await submitted('--message', 'Other image', '--set', 'spec.image=other');
    await page.goto(`${origin}/experiments/${id}/plan`);
    await page.getByText('1 warning, each below its line.').waitFor();
    const line = page.locator('.manifest-line.is-found');
    expect(await line.locator('code').innerText()).toContain('image: other');
    await line.locator('+ .manifest-finding').getByText('image-mismatch').waitFor();
  });

  it('draws metrics over steps and time, beside those of others, in a window of any width', async () => {
    const own = 'for i in 1 2 3 4 5 6; do echo "{\\"metric\\": {\\"loss\\": 0.$i, \\"step\\": $i}}"; done\n';
    const script = join(program.repo, 'main.sh');
    const before = readFileSync(script, 'utf8');
    writeFileSync(script, own);
    const first = await submitted('--message', 'With metrics', '--wait');
    const second = await submitted('--message', 'With metrics too', '--wait');
    writeFileSync(script, before);
    await page.goto(`${origin}/experiments/${first}/metrics`);
    const chart = page.locator('figure', { hasText: 'loss' });
    await chart.locator('canvas').waitFor();
    // The cross-hair is for who points at something.
    expect(await chart.locator('.u-cursor-x:visible, .u-cursor-y:visible').count()).toBe(0);
    // Dragged across it is looked at closer, and seen whole again at a double click.
    const plot = chart.locator('.u-over');
    const { x, y, width, height } = (await plot.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const leftmost = async () => {
      await page.mouse.move(x + 1, y + height / 2);
      return chart.locator('.u-legend .u-value').first().innerText();
    };
    await expect.poll(leftmost).toBe('1');
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.9, y + height / 2, { steps: 5 });
    await page.mouse.up();
    await expect.poll(leftmost).toBe('4');
    await plot.dblclick();
    await expect.poll(leftmost).toBe('1');
    await page.getByLabel('Mean').selectOption('0.9');
    await chart.getByText('loss, mean').waitFor();
    await page.getByLabel('Logarithmic').check();
    await page.getByLabel('Over', { exact: true }).selectOption('time');
    await page.getByLabel('Another experiment beside it').fill(second);
    await page.keyboard.press('Enter');
    await chart.getByText(`${second.slice(0, 8)}, mean`).waitFor();
    expect(new URL(page.url()).search).toBe(`?x=time&y=log&smooth=0.9&with=${second}`);
    await page.reload();
    await chart.getByText(`${second.slice(0, 8)}, mean`).waitFor();
    await expectReadable(page, 'metrics');
    await page.setViewportSize({ width: 320, height: 700 });
    await expect
      .poll(() => page.evaluate('document.documentElement.scrollWidth - innerWidth'))
      .toBeLessThanOrEqual(0);
    // An answer that comes late is not taken for one of what is asked by then.
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route(`**/v1/experiments/${second}/metrics`, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${origin}/experiments/${first}/metrics?with=${second}`);
    await page.getByRole('button', { name: `Without ${second.slice(0, 8)}` }).click();
    await chart.locator('canvas').waitFor();
    const late = page.waitForResponse(`**/v1/experiments/${second}/metrics`);
    release();
    await (await late).finished();
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    expect(await chart.getByText(second.slice(0, 8)).count()).toBe(0);
    await page.goto(`${origin}/experiments?column=metric.loss&sort=metric.loss`);
    await page.setViewportSize({ width: 1280, height: 700 });
    await rowOf(first).getByRole('cell', { name: '0.6' }).waitFor();
    await page.getByRole('button', { name: 'loss ↓' }).waitFor();
  });

  it('says that a newer console is there when the server comes back as another one', async () => {
    await page.route(`${origin}/experiments`, (route) =>
      route.request().resourceType() === 'fetch'
        ? route.fulfill({ contentType: 'text/html', body: '<script src="/assets/main-other.js"></script>' })
        : route.continue(),
    );
    await page.goto(`${origin}/experiments`);
    // It is connected when what came after the page was loaded is seen.
    const id = await submitted('--message', 'Before it goes', '--wait');
    await rowOf(id).getByText('Succeeded', { exact: true }).waitFor();
    expect(await page.getByText('A newer console is there.').count()).toBe(0);
    await json('server', 'stop');
    await page.getByText('Not connected; trying again').waitFor();
    await json('console', '--print');
    await page.getByText('A newer console is there.').waitFor();
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.getByText('A newer console is there.').waitFor({ state: 'detached' });
    await rowOf(id).waitFor();
  });

  it('tells what is not there', async () => {
    await page.goto(`${origin}/experiments/00000000`);
    await page.getByRole('alert').getByText('there is no experiment 00000000').waitFor();
  });

  it('has the engine of this machine, what waits for it and for what; and nothing of a team', async () => {
    const hold = join(program.home, 'hold-queue');
    // More than any machine has, twice: the second one waits for the first.
    const large = ['--set', 'spec.types.worker.resources.cpus=5000', '--env', `HOLD=${hold}`];
    await submitted(...large, '--message', 'Large');
    const id = await submitted(...large, '--message', 'Large too');
    const nav = page.getByRole('navigation', { name: 'Pages' });
    expect(await nav.getByRole('link').allInnerTexts()).toEqual(['Experiments', 'Sweeps', 'Engines']);
    await nav.getByRole('link', { name: 'Engines' }).click();
    await page.getByRole('heading', { name: 'local' }).waitFor();
    const waiting = page.locator(`tr[data-id="${id}"]`);
    await waiting.getByText('5000').waitFor();
    await waiting.getByText('Large too').waitFor();
    writeFileSync(hold, '');
    await waiting.waitFor({ state: 'detached' });
    await page.getByText('Nothing waits for it.').waitFor();
  });

  it.each([320, 1280, 3840])('fits a window of %i pixels, and everybody can read it', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    const id = await page.locator('tbody tr').first().getAttribute('data-id');
    const other = await page.locator('tbody tr').last().getAttribute('data-id');
    const compared = `/compare?id=${id}&id=${other}`;
    const ofOne = ['', '/plan', '/files'].map((part) => `/experiments/${id}${part}`);
    for (const path of ['/experiments', ...ofOne, compared, '/engines']) {
      await page.goto(origin + path);
      await page.locator('h1').first().waitFor({ state: 'attached' });
      await expect.poll(() => page.getByText('Loading…').count()).toBe(0);
      await expectReadable(page, `${path} at ${width}`);
    }
  });

  it('keeps twelve tabs live at once', async () => {
    const others = await Promise.all(Array.from({ length: 11 }, () => entered.context.newPage()));
    for (const tab of others) await tab.goto(`${origin}/experiments`);
    const id = await submitted('--message', 'Seen by all', '--wait');
    for (const tab of [page, ...others])
      await tab.locator(`tr[data-id="${id}"]`).getByText('Succeeded', { exact: true }).waitFor();
    // By one connection: that of the one worker.
    const session = await browser.newBrowserCDPSession();
    const { targetInfos } = await session.send('Target.getTargets');
    expect(targetInfos.filter(({ type }) => type === 'shared_worker')).toHaveLength(1);
    const asked =
      'performance.getEntriesByType("resource").filter(({ name }) => name.includes("/v1/watch")).length';
    for (const tab of [page, ...others]) expect(await tab.evaluate(asked)).toBe(0);
  });

  it('gives nothing to a page that an experiment serves', async () => {
    const hold = join(program.home, 'hold-beside');
    const id = await submitted('--message', 'Beside it', '--env', `HOLD=${hold}`);
    await rowOf(id).getByText('Running', { exact: true }).waitFor();
    const served = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(`<!doctype html><title>${request.headers.cookie ?? 'no cookie'}</title>`);
    });
    await new Promise<void>((resolve) => served.listen(0, '127.0.0.1', resolve));
    try {
      const { page: theirs } = await watchedPage(entered.context);
      await theirs.goto(`http://127.0.0.1:${(served.address() as AddressInfo).port}/`);
      expect(await theirs.title()).toBe('no cookie');
      const api = `${origin}/v1/experiments`;
      const tried = await theirs.evaluate(
        async ([list, cancel]) => {
          const outcome = (asked: Promise<Response>) =>
            asked.then(
              ({ status, type }) => `${type} ${status}`,
              () => 'refused',
            );
          const json = { 'content-type': 'application/json' };
          const init = { method: 'POST', mode: 'no-cors', credentials: 'include' } as const;
          const body = '{"all":true}';
          return [
            await outcome(fetch(list, { credentials: 'include' })),
            await outcome(fetch(cancel, { ...init, body })),
            await outcome(fetch(cancel, { ...init, mode: 'cors', headers: json, body })),
          ];
        },
        [api, `${api}/cancel`] as const,
      );
      expect(tried).toEqual(['refused', 'refused', 'refused']);
      expect(await theirs.evaluate('document.cookie')).toBe('');
      // It is not even told whether the second one came: nothing is cancelled.
      expect((await json('experiments', 'get', id)).status).toBe('Running');
      const framed = await theirs.evaluate(async (address) => {
        const { document } = globalThis as unknown as { document: FrameDocument };
        const frame = document.createElement('iframe');
        frame.src = address;
        document.body.append(frame);
        await new Promise<void>((resolve) => frame.addEventListener('load', () => resolve()));
        return frame.contentDocument === null;
      }, `${origin}/experiments`);
      expect(framed).toBe(true);
      const frame = theirs.frames().at(-1);
      expect(frame?.url()).not.toContain(origin);
      writeFileSync(hold, '');
      await theirs.close();
    } finally {
      await new Promise((resolve) => served.close(resolve));
    }
  });
});

interface FrameDocument {
  createElement(name: string): {
    src: string;
    contentDocument: unknown;
    addEventListener(name: 'load', then: () => void): void;
  };
  body: { append(child: unknown): void };
}

/** The page of a sweep in a real browser: what varies, what came of it, and what still comes. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsonOf, makeProgram, type Program } from '../cli/program.ts';
import { expectReadable } from './axe.ts';
import { enterConsole, launch, describeInBrowser, type Entered } from './browser.ts';

/** The loss of a point is LR times HIDDEN, and as much more as its repeat; the last point's second repeat fails. */
const SCRIPT = String.raw`loss=$(awk -v a="$LR" -v b="$HIDDEN" -v c="$AICHOR_SWEEP_REPEAT" 'BEGIN { print a * b + c }')
echo "{\"metric\": {\"loss\": $loss, \"acc\": 0.5, \"step\": 1}}"
if [ "$LR $HIDDEN $AICHOR_SWEEP_REPEAT" = "0.001 16 2" ]; then exit 1; fi
while [ -n "$HOLD" ] && [ ! -e "$HOLD" ]; do sleep 0.1; done
`;

describeInBrowser('a sweep in the console', { timeout: 60_000 }, () => {
  let program: Program;
  let browser: Browser;
  let entered: Entered;
  let page: Page;
  let origin: string;

  const json = (...args: string[]) => jsonOf(program, args, [0, 8]);
  const sweep = (...flags: string[]) =>
    json('experiments', 'sweep', '--grid', 'LR=0.1,0.01,0.001', '--env', 'SEED=1', ...flags);
  const rowOf = (point: number) =>
    page
      .locator('.sweep-table tbody tr')
      .filter({ has: page.locator('td:first-child', { hasText: new RegExp(`^(?:Best )?${point}$`) }) });

  beforeAll(async () => {
    program = makeProgram('console-sweeps');
    writeFileSync(join(program.repo, 'main.sh'), SCRIPT);
    browser = await launch();
    const { experiments } = await sweep(
      '--grid',
      'HIDDEN=8,16',
      '--repeat',
      '2',
      '--name',
      'first',
      '--set',
      'spec.image=demo',
    );
    await json('sweeps', 'wait', 'first');
    const gone = experiments.find(({ index, repeat }: Record<string, number>) => index === 2 && repeat === 1);
    await json('experiments', 'delete', gone.experiment_id, '--yes');
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    program.close();
  }, 60_000);
  beforeEach(async () => {
    entered = await enterConsole(browser, program);
    ({ page, origin } = entered);
    await page.locator('tbody tr').first().waitFor();
  });
  afterEach(() => entered.leave());

  it('has a row a point, the best first, with mean, spread and what is missing', async () => {
    await page.getByRole('link', { name: 'Sweeps', exact: true }).click();
    await page.getByRole('row', { name: /first/ }).getByText('1 missing').waitFor();
    await page.getByRole('link', { name: 'first', exact: true }).click();
    await page.waitForURL(`${origin}/sweeps/first`);
    const heads = page.locator('.sweep-table th');
    await expect
      .poll(() => heads.allInnerTexts())
      .toEqual(['Point', 'LR', 'HIDDEN', 'acc ↓', 'loss', 'Duration', 'Experiments']);
    await page.getByLabel('Metric').selectOption('loss');
    await page.getByText('Smallest loss: 1.016 with LR=0.001 HIDDEN=16').waitFor();
    // 0.001 × 16 has one good repeat only: the first.
    expect(await rowOf(6).innerText()).toMatch(/^Best 6\s+0\.001\s+16\s+0\.5 \(of 1\)\s+1\.016 \(of 1\)/);
    expect(await rowOf(5).innerText()).toMatch(/^5\s+0\.001\s+8\s+0\.5 ± 0\s+1\.508 ± 0\.71/);
    await rowOf(6).getByText('1 succeeded, 1 failed').waitFor();
    await rowOf(2).getByText('1 experiment missing').waitFor();
    await page.getByText('1 experiment of its points is missing.').waitFor();
    await page.getByText('The same at every point: spec.image=demo').waitFor();
    await page.getByLabel('Goal').selectOption('max');
    await expect.poll(() => page.locator('tr.best td').first().innerText()).toBe('Best 2');
    expect(new URL(page.url()).search).toBe('?metric=loss&goal=max');
    await page.reload();
    await expect.poll(() => page.locator('tr.best td').first().innerText()).toBe('Best 2');
  });

  it('is drawn as lines across all names, or as dots over one, each a link', async () => {
    await page.goto(`${origin}/sweeps/first?metric=loss`);
    await expect.poll(() => page.locator('.dot path').count()).toBe(10);
    await page.getByText('1 experiment without a number, or not succeeded, not drawn.').waitFor();
    await expect
      .poll(() => page.locator('.sweep-chart .axis-name').allTextContents())
      .toEqual(['LRLR', 'HIDDENHIDDEN', 'lossloss']);
    await page.getByLabel('Chart').selectOption('scatter');
    await page.getByLabel('Over').selectOption('HIDDEN');
    await expect.poll(() => page.locator('.dot circle').count()).toBe(10);
    const places = await page
      .locator('.dot circle')
      .evaluateAll((dots) => dots.map((dot) => dot.getAttribute('cx')));
    expect(new Set(places).size).toBe(2);
    const best = page.locator('.dot.best');
    expect(await best.count()).toBe(1);
    const to = await best.getAttribute('href');
    await best.locator('circle').click();
    await page.waitForURL(origin + to);
    await page.getByRole('link', { name: 'first', exact: true }).click();
    await page.waitForURL(`${origin}/sweeps/first`);
  });

  it('moves while it runs, is cancelled, and goes on with what failed or is missing', async () => {
    const hold = join(program.home, 'hold-sweep');
    await sweep('--env', 'HIDDEN=8', '--env', `HOLD=${hold}`, '--max-parallel', '1', '--name', 'live');
    await page.goto(`${origin}/sweeps/live?metric=loss`);
    await page.getByText('0 of 3 ended').waitFor();
    writeFileSync(hold, '');
    await page.getByText('3 of 3 ended').waitFor();
    await page.getByText(/^Smallest loss: 1\.008 with LR=0\.001/).waitFor();
    await sweep('--env', 'HIDDEN=8', '--env', `HOLD=${hold}-never`, '--name', 'held');
    await page.goto(`${origin}/sweeps/held`);
    await page.getByRole('button', { name: 'Cancel all 3' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel them' }).click();
    await page.getByText('3 of 3 ended').waitFor();
    await page.goto(`${origin}/sweeps/first`);
    await page.getByRole('button', { name: 'Submit again what failed or is missing (2)' }).click();
    await page.getByText('2 experiments submitted').waitFor();
    await page.getByText('12 of 12 ended').waitFor();
    await page.goto(`${origin}/sweeps/none`);
    await page.getByRole('alert').getByText('there is no sweep "none"').waitFor();
    await page.evaluate(
      "history.pushState(null, '', '/sweeps/100%'); dispatchEvent(new PopStateEvent('popstate'))",
    );
    await page.getByRole('alert').getByText('"none"').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'All sweeps' }).waitFor();
  });

  it('is led to from the list that shows it alone', async () => {
    await page.goto(`${origin}/experiments?sweep=first`);
    await page.getByRole('link', { name: 'Sweep first: what came of it' }).click();
    await page.waitForURL(`${origin}/sweeps/first`);
  });

  it.each([320, 1280, 3840])('fits a window of %i pixels, and everybody can read it', async (width) => {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ['/sweeps', '/sweeps/first?metric=loss', '/sweeps/first?metric=loss&chart=scatter']) {
      await page.goto(origin + path);
      await page.locator('tbody tr').first().waitFor();
      await expectReadable(page, `${path} at ${width}`);
    }
  });
});

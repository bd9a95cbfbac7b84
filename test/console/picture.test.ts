/** What the server draws of a page, in a browser that runs no script, and beside what the page's own script draws of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jsonOf, makeProgram, type Program } from '../cli/program.ts';
import { describeInBrowser, enterConsole, launch, type Entered } from './browser.ts';

const HOSTILE = '</div></script><script>alert(1)</script><img src=x onerror=alert(1)>';
const SCRIPT = String.raw`printf '\033[31mred\033[0m \033[38;5;208morange\033[0m ${HOSTILE}\n'
awk 'BEGIN { for (i = 2; i <= 1200; i++) printf "step %d\n", i }'
`;

describeInBrowser('what the server draws', { timeout: 60_000 }, () => {
  let program: Program;
  let browser: Browser;
  let entered: Entered;
  /** The same browser's session, without scripts. */
  let still: BrowserContext;
  let drawn: Page;
  let id: string;

  beforeAll(async () => {
    program = makeProgram('console-picture');
    writeFileSync(join(program.repo, 'main.sh'), SCRIPT);
    browser = await launch();
    const flags = ['--message', HOSTILE, '--label', 'a=b', '--env', 'RATE=0.1', '--wait'];
    id = (await jsonOf(program, ['experiments', 'submit', 'local', ...flags])).experiment_id;
    entered = await enterConsole(browser, program);
    still = await browser.newContext({ javaScriptEnabled: false });
    await still.addCookies(await entered.context.cookies());
    drawn = await still.newPage();
    drawn.on('console', (message) => entered.faults.push(`said without scripts: ${message.text()}`));
  }, 60_000);
  afterAll(async () => {
    await still.close();
    await entered.leave();
    await browser.close();
    program.close();
  }, 60_000);

  /** Words in their order; how long ago something was goes on meanwhile. */
  const words = async (page: Page) =>
    (await page.locator('#page').innerText()).replace(/\b\d+\w ago|now/g, 'lately').split(/\s+/);

  it.each([
    ['/experiments', 'tbody tr'],
    ['/experiments?label=a%3Db&column=env.RATE', 'td.extra'],
    ['/experiments?status=Failed', '.empty'],
    ['logs', '.log-box'],
  ])('is what the page shows: %s', async (path, seen) => {
    const { page, origin } = entered;
    const url = origin + (path === 'logs' ? `/experiments/${id}/logs` : path);
    await Promise.all([page.goto(url), drawn.goto(url)]);
    await page.locator(seen).first().waitFor();
    if (path === 'logs') await page.locator('.line', { hasText: 'step 1200' }).waitFor();
    // It has more lines than are seen of it, and the browser's own rows of a list are all that it has.
    const lines = path === 'logs' ? /^(?!\d+$|step$)/ : /^/;
    const shown = (await words(page)).filter((word) => lines.test(word));
    expect((await words(drawn)).filter((word) => lines.test(word))).toEqual(shown);
    expect(await drawn.locator('#page img, #page script, [style]').count()).toBe(0);
  });

  it('stands where the page has it: the end of a log at the bottom of its box', async () => {
    await drawn.goto(`${entered.origin}/experiments/${id}/logs`);
    const [last, box] = await Promise.all(
      [drawn.locator('.line').last(), drawn.locator('.log-box')].map((each) => each.boundingBox()),
    );
    expect(await drawn.locator('.line').last().innerText()).toMatch(/1200\s*step 1200/);
    expect((last?.y ?? 0) + (last?.height ?? 0)).toBeCloseTo((box?.y ?? 0) + (box?.height ?? 0), -1);
    await drawn.goto(`${entered.origin}/experiments/${id}/logs?pod=worker-0-0&attempt=1`);
    expect(await drawn.locator('.line').last().innerText()).toMatch(/step 1200/);
  });

  it('is not the end of a log where a line is asked for: nothing is seen before that line', async () => {
    const { context, origin } = entered;
    const page = await context.newPage();
    // What is seen in each frame, from the first on.
    await page.addInitScript(`
      globalThis.frames = [];
      const look = () => {
        const seen = [...document.querySelectorAll('.line')].filter((line) => line.checkVisibility({ visibilityProperty: true }));
        const numbers = seen.map((line) => line.querySelector('.line-number').textContent);
        frames.push(numbers.filter((number) => number !== ''));
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    `);
    const framesOf = async () =>
      (await page.evaluate<string[][]>('frames')).filter((lines) => lines.length > 0);
    await page.goto(`${origin}/experiments/${id}/logs#L600`);
    await page.locator('.line', { hasText: 'step 600' }).waitFor();
    const frames = await framesOf();
    expect(frames.length).toBeGreaterThan(0);
    expect(frames.filter((lines) => !lines.includes('600'))).toEqual([]);
    // The end is drawn all the same.
    await page.goto('about:blank');
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/assets/main-*.js', (route) => held.then(() => route.continue()));
    await page.goto(`${origin}/experiments/${id}/logs`, { waitUntil: 'commit' });
    await page.locator('.line', { hasText: 'step 1200' }).waitFor();
    await page.goto('about:blank');
    await page.goto(`${origin}/experiments/${id}/logs#L600`, { waitUntil: 'commit' });
    await page.locator('.line', { hasText: 'step 1200' }).waitFor({ state: 'attached' });
    expect(await page.locator('.line', { hasText: 'step 1200' }).isVisible()).toBe(false);
    release();
    await page.locator('.line', { hasText: 'step 600' }).waitFor();
    await page.close();
  });

  it('is seen in the colours that were chosen in this browser', async () => {
    const { page, context, origin } = entered;
    await page.goto(`${origin}/experiments`);
    const button = page.getByRole('button', { name: /theme/ });
    while (!(await button.innerText()).includes('Dark')) await button.click();
    await still.addCookies(await context.cookies());
    await drawn.goto(`${origin}/experiments`);
    expect(await drawn.locator('html').getAttribute('data-theme')).toBe('dark');
    expect(await drawn.locator('tbody tr').count()).toBe(1);
  });

  it('is not there for who is not known', async () => {
    const nobody = await browser.newContext({ javaScriptEnabled: false });
    try {
      const page = await nobody.newPage();
      await page.goto(`${entered.origin}/experiments`);
      expect(await page.locator('#page').innerText()).toBe('');
    } finally {
      await nobody.close();
    }
  });
});

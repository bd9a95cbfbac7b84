/** The log in a real browser: half a million lines, hostile ones, and some that are still to come. */
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { jsonOf, makeProgram, type Program } from '../cli/program.ts';
import { expectReadable } from './axe.ts';
import { enterConsole, launch, describeInBrowser, type Entered } from './browser.ts';

const LINES = 500_000;

/** The first two lines are hostile; what stands in the file `$SAYS` is printed as it grows, until `$HOLD` is there. */
const SCRIPT = String.raw`printf '\033[31mred\033[0m <img src=x onerror=alert(1)><script>alert(1)</script>\n'
printf '\033]8;;http://evil.test\007linked\033]8;;\007 \342\200\256turned\n'
awk -v n=$LINES_WANTED 'BEGIN { for (i = 3; i <= n; i++) printf "step %d loss %.6f\n", i, 1 / i }'
if [ -n "$HOLD" ]; then
  tail -n +1 -f "$SAYS" & says=$!
  while [ ! -e "$HOLD" ]; do sleep 0.1; done
  kill $says
fi
if [ -n "$FAILS_ONCE" ]; then
  printf 'begin %s end\n' "$(head -c 3000 /dev/zero | tr '\0' x)"
  echo "over on $HOSTNAME"
  [ "$HOSTNAME" = worker-1-0 ] || [ -e "$AICHOR_OUTPUT_PATH/once" ] || { touch "$AICHOR_OUTPUT_PATH/once"; exit 1; }
fi
`;

describeInBrowser('the log in the console', { timeout: 60_000 }, () => {
  let program: Program;
  let browser: Browser;
  let entered: Entered;
  let page: Page;
  let origin: string;
  let long: string;

  const json = (...args: string[]) => jsonOf(program, args);
  const line = (sequence: number) => page.locator('.line', { hasText: new RegExp(`^${sequence}(?!\\d)`) });
  const open = (id: string, rest = '') => page.goto(`${origin}/experiments/${id}/logs${rest}`);

  beforeAll(async () => {
    program = makeProgram('console-logs');
    writeFileSync(join(program.repo, 'main.sh'), SCRIPT);
    browser = await launch();
    const made = await json('experiments', 'submit', 'local', '--env', `LINES_WANTED=${LINES}`, '--wait');
    long = made.experiment_id;
  }, 60_000);
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

  it('begins at its end, goes to any line by its address, and scrolls', async () => {
    await open(long);
    await line(LINES).waitFor();
    expect(await page.getByText('500,000 lines').count()).toBe(1);
    await open(long, '#L250000');
    await line(250_000).getByText('step 250000 loss 0.000004').waitFor();
    expect(await line(250_000).getAttribute('class')).toContain('chosen');
    await page.getByLabel('Line 250000').getByText('step 250000').waitFor();
    await page.locator('.log-box').focus();
    await page.keyboard.press('Home');
    await line(1).waitFor();
    await page.mouse.move(600, 600);
    await page.mouse.wheel(0, 3000);
    await line(151).waitFor();
    await page.locator('.log-box').press('End');
    await line(LINES).waitFor();
    // No more rows than are seen, and no page of another scroll in the document.
    expect(await page.locator('.line').count()).toBeLessThan(120);
  });

  it('ends where the window ends, whatever stands above it', async () => {
    for (const [width, height] of [
      [1280, 800],
      [320, 900],
      [3840, 2160],
    ] as const) {
      await page.setViewportSize({ width, height });
      await open(long);
      await line(LINES).waitFor();
      const box = await page.locator('.log-box').boundingBox();
      const bottom = (box?.y ?? 0) + (box?.height ?? 0);
      expect(bottom).toBeGreaterThan(height - 60);
      expect(bottom).toBeLessThan(height);
      expect(await page.evaluate('document.documentElement.scrollHeight')).toBe(height);
    }
  });

  it('shows what is hostile as text, and colours as colours', async () => {
    await open(long, '#L1');
    const first = line(1);
    await first.getByText('<img src=x onerror=alert(1)><script>alert(1)</script>').waitFor();
    expect(await first.locator('img, script').count()).toBe(0);
    expect(await first.locator('.fg-1').innerText()).toBe('red');
    await line(2).getByText('linked ⟨202E⟩turned').waitFor();
    expect(await line(2).locator('a').count()).toBe(1);
  });

  it('searches all of it on the server, and jumps from one to the next', async () => {
    await open(long);
    await line(LINES).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('STEP 4999');
    await page.keyboard.press('Enter');
    await page.getByText('0 of 0').waitFor();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('step 49999');
    await page.keyboard.press('Enter');
    await page.getByText('1 of 11').waitFor();
    await line(49_999).waitFor();
    await page.getByLabel('The next match').click();
    await line(499_990).waitFor();
    expect(await line(499_990).getAttribute('class')).toContain('found');
    expect(page.url()).toMatch(/#L499990$/);
  });

  it('shows one pod or one step alone, by the address', async () => {
    await open(long, '?pod=worker-0-0#L250000');
    await line(250_000).getByText('step 250000').waitFor();
    await page.getByLabel('Step').selectOption('build');
    await page.waitForURL(/step=build/);
    await expect.poll(() => line(LINES).count()).toBe(0);
  });

  it('follows what comes, a progress bar too, until somebody scrolls up', async () => {
    const [says, hold] = [join(program.home, 'says'), join(program.home, 'hold-follow')];
    writeFileSync(says, '');
    const { experiment_id: id } = await json(
      ...['experiments', 'submit', 'local', '--env', 'LINES_WANTED=200'],
      ...['--env', `SAYS=${says}`, '--env', `HOLD=${hold}`],
    );
    await open(id);
    await page.getByText('step 200 loss').waitFor();
    appendFileSync(says, 'it has come\n');
    await page.getByText('it has come').waitFor();
    appendFileSync(says, '10%\r50%');
    await page.locator('.line-text', { hasText: /^50%$/ }).waitFor();
    appendFileSync(says, '\r100%\n');
    await page.locator('.line-text', { hasText: /^100%$/ }).waitFor();
    await expect
      .poll(() => page.locator('.line-text', { hasText: /^50%$/ }).filter({ visible: true }).count())
      .toBe(0);
    await page.getByLabel('Follow').uncheck();
    await page.locator('.log-box').press('Home');
    await page.locator('.line-text', { hasText: 'red <img' }).waitFor();
    appendFileSync(says, 'far below\n');
    await page.getByText('203 lines').waitFor();
    expect(await page.getByText('far below').filter({ visible: true }).count()).toBe(0);
    writeFileSync(hold, '');
    await page.locator('.head').getByText('Succeeded', { exact: true }).waitFor();
  });

  describe('of two pods and two attempts', () => {
    let two: string;
    beforeAll(async () => {
      const changes = ['spec.types.worker.count=2', 'spec.restartPolicy.backoffLimit=1'];
      const made = await json(
        ...['experiments', 'submit', 'local', '--env', 'LINES_WANTED=40', '--env', 'FAILS_ONCE=yes'],
        ...changes.flatMap((change) => ['--set', change]),
        '--wait',
      );
      two = made.experiment_id;
    }, 60_000);
    const texts = () => page.locator('.line-text:visible').allInnerTexts();

    it('breaks long lines by choice, remembers it, and still goes anywhere', async () => {
      await open(two);
      const long = page.locator('.line:visible', { hasText: 'begin xxx' });
      await long.first().waitFor();
      const overflow = '((box) => box.scrollWidth - box.clientWidth)(document.querySelector(".log-box"))';
      expect(await page.evaluate(overflow)).toBeGreaterThan(500);
      await page.getByLabel('Wrap').check();
      await expect.poll(() => page.evaluate(overflow)).toBe(0);
      await page.locator('.log-box').focus();
      const inBox = async (text: string) => {
        const frame = await page.locator('.log-box').boundingBox();
        const row = await page.locator('.line:visible', { hasText: text }).last().boundingBox();
        return (
          row !== null &&
          frame !== null &&
          row.y >= frame.y - 1 &&
          row.y + row.height <= frame.y + frame.height + 1
        );
      };
      await page.keyboard.press('Home');
      await expect.poll(() => texts().then(([first]) => first)).toBeDefined();
      await page.keyboard.press('End');
      await expect.poll(() => inBox('over on')).toBe(true);
      // Lines are drawn anew as more is known of the heights of those above them.
      await expect
        .poll(async () => (await long.last().boundingBox())?.height ?? 0, { timeout: 10_000 })
        .toBeGreaterThan(100);
      await page.reload();
      expect(await page.getByLabel('Wrap').isChecked()).toBe(true);
      await expect.poll(() => inBox('over on')).toBe(true);
      await open(two, '#L3');
      await line(3).waitFor();
      await expect.poll(() => page.locator('.line.chosen').isVisible()).toBe(true);
      await page.locator('.log-box').press('End');
      await page.keyboard.press('w');
      await expect.poll(() => page.evaluate(overflow)).toBeGreaterThan(500);
    });

    it('shows one attempt alone', async () => {
      await open(two);
      await page.getByLabel('Attempt').selectOption('2');
      await page.waitForURL(/attempt=2/);
      // Both print 38 lines of their own and 4 more.
      await page.getByText('84 lines').waitFor();
      await page.getByLabel('Pod').selectOption('worker-1-0');
      await page.getByText('42 lines').waitFor();
    });

    it('is saved with all pods, each line behind the name of its own', async () => {
      await open(two, '?step=run&attempt=2');
      await page.getByText('84 lines').waitFor();
      const saving = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Download' }).click();
      const saved = await saving;
      let text = '';
      for await (const chunk of await saved.createReadStream()) text += chunk;
      const lines = text.trimEnd().split('\n');
      expect(lines).toHaveLength(84);
      expect(lines).toContain('worker-0-0 | over on worker-0-0');
      expect(lines).toContain('worker-1-0 | over on worker-1-0');
      expect(lines.every((each) => /^worker-[01]-0 \| /.test(each))).toBe(true);
    });

    it('is read by everybody, in both themes', async () => {
      for (const rest of ['', '#L3']) {
        await open(two, rest);
        await page.locator('.line:visible').first().waitFor();
        await expectReadable(page, `the log ${rest}`);
      }
    });
  });

  it('is saved as it was printed', async () => {
    await open(long);
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const saved = await saving;
    expect(saved.suggestedFilename()).toBe(`${long}-worker-0-0.log`);
    const stream = await saved.createReadStream();
    let bytes = 0;
    let start = '';
    for await (const chunk of stream) {
      if (start === '') start = chunk.toString();
      bytes += chunk.length;
    }
    expect(start.startsWith('\x1b[31mred')).toBe(true);
    expect(bytes).toBeGreaterThan(10_000_000);
  });
});

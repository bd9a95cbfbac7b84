/**
 * `npm run screenshots -- FOLDER [PART…]`: the pages of the console as PNG, each at three widths in both themes, of a real
 * server with real experiments (and of a team's server, for who is not known there). With PARTs only pages whose names hold one
 * of them. They are to be looked at: nothing here judges them. `CHROMIUM` names the browser, where it is not Debian's.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromium } from 'playwright-core';
import { makeWorld } from './screenshots/world.js';
import { pagesOf } from './screenshots/pages.js';

const WIDTHS = [320, 1280, 3840];
const THEMES = ['light', 'dark'];

const [folder, ...parts] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('name the folder to write to: npm run screenshots -- shots\n');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

// Whoever stops it (Ctrl-C, however often) stops all that it has begun: what is under way fails, and the rest is closed as at its end.
let browser = null;
let world = null;
const over = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    over.abort();
    void browser?.close();
  });

try {
  world = await makeWorld((line) => process.stderr.write(`${line}\n`), over.signal);
  browser = await launched();
  over.signal.throwIfAborted();
  const files = await shoot(browser, world);
  process.stdout.write(`${JSON.stringify({ folder: resolve(folder), files })}\n`);
} catch (error) {
  if (!over.signal.aborted) throw error;
} finally {
  await browser?.close();
  await world?.close();
}
if (over.signal.aborted) process.exitCode = 130;

function launched() {
  return chromium.launch({
    // It would end this program before anything else is closed.
    ...{ handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false },
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    // Its own sandbox cannot be made by root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

/** How many files were written. */
async function shoot(by, { entrance, ...where }) {
  const context = await by.newContext();
  const tab = await context.newPage();
  await tab.goto(entrance);
  await tab.locator('tbody tr').first().waitFor();
  let count = 0;
  for (const shot of asked(pagesOf(where))) {
    for (const width of WIDTHS) {
      for (const colorScheme of THEMES) {
        await tab.setViewportSize({ width, height: Math.round(Math.max(700, width * 0.56)) });
        await tab.emulateMedia({ colorScheme });
        await tab.goto(shot.url);
        await shot.ready(tab);
        await tab.evaluate('document.fonts.ready');
        const path = join(folder, `${shot.name}-${width}-${colorScheme}.png`);
        await tab.screenshot({ path, fullPage: width < 2000 });
        count++;
      }
    }
    process.stderr.write(`${shot.name}\n`);
  }
  return count;
}

function asked(shots) {
  return parts.length === 0 ? shots : shots.filter(({ name }) => parts.some((part) => name.includes(part)));
}

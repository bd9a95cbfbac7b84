import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** Where a browser is looked for; the first that is there is taken. */
const PLACES = [process.env['CHROMIUM'] ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];

const found = PLACES.find((path) => path !== '' && existsSync(path)) ?? null;

/** Why there is nothing to try; null: there is a browser. */
export const NO_BROWSER =
  found === null ? 'there is no chromium (apt-get install chromium, or set CHROMIUM to its path)' : null;

// What is skipped there is never noticed.
if (NO_BROWSER !== null && (process.env['CI'] || process.env['AICHOR_NEEDS_BROWSER']))
  throw new Error(`the console cannot be tried in a browser: ${NO_BROWSER}`);

/** Tests in a browser; skipped, with the reason said, where there is none. */
export const describeInBrowser = NO_BROWSER === null ? describe : describe.skip;
if (NO_BROWSER !== null) process.stderr.write(`the console is not tried in a browser: ${NO_BROWSER}\n`);

/** What a page must never do: break the policy, throw, or ask another host for something. */
export interface Watched {
  page: Page;
  /** In words, in their order. */
  faults: string[];
}

export function launch(): Promise<Browser> {
  if (found === null) throw new Error(NO_BROWSER ?? '');
  return chromium.launch({
    executablePath: found,
    // Its own sandbox cannot be made by root.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

export async function watchedPage(context: BrowserContext): Promise<Watched> {
  const page = await context.newPage();
  const faults: string[] = [];
  // What the server drew hears no key and no click: the page's script takes its place, and what came with the page.
  const taken = () => page.locator('#first').waitFor({ state: 'detached' });
  for (const name of ['goto', 'reload'] as const) {
    const load = page[name].bind(page) as (...given: unknown[]) => ReturnType<Page['goto']>;
    page[name] = async (...given: unknown[]) => {
      const response = await load(...given);
      await taken();
      return response;
    };
  }
  page.on('pageerror', (error) => faults.push(`thrown: ${error.message}`));
  page.on('console', (message) => {
    // A browser tells of each answer that is no success; those are looked at where they matter.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(`said: ${message.text()}`);
  });
  return { page, faults };
}

export interface Entered extends Watched {
  context: BrowserContext;
  origin: string;
  /** Closes it; throws when the page has broken a rule. */
  leave(): Promise<void>;
}

/** Whoever can run `aichor console`. */
interface Opening {
  aichor(args: string[]): Promise<{ code: number | null; stdout: string | Buffer; stderr: string }>;
}

/** A page in a window of its own that has come in with a code of its own. */
export async function enterConsole(browser: Browser, program: Opening): Promise<Entered> {
  const context = await browser.newContext();
  const watched = await watchedPage(context);
  const { code, stdout, stderr } = await program.aichor(['console', '--print']);
  if (code !== 0) throw new Error(stderr);
  const { url } = JSON.parse(String(stdout));
  await watched.page.goto(url);
  return {
    ...watched,
    context,
    origin: new URL(url).origin,
    async leave() {
      await context.close();
      if (watched.faults.length > 0) throw new Error(`the page broke a rule:\n${watched.faults.join('\n')}`);
    },
  };
}

import { existsSync } from 'node:fs';

/** Where a browser is looked for; the first that is there is taken. */
const PLACES = [process.env.CHROMIUM ?? '', '/usr/bin/chromium', '/usr/bin/chromium-browser'];

/** A browser without a window, with more flags perhaps; what `launching` says is for the launch. Rejects where there is none. */
export async function launchBrowser(flags = [], launching = {}) {
  const executablePath = PLACES.find((path) => path !== '' && existsSync(path));
  if (executablePath === undefined) throw new Error('there is no chromium: set CHROMIUM to its path');
  const { chromium } = await import('playwright-core');
  return chromium.launch({
    ...launching,
    executablePath,
    args: [...flags, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
}

/**
 * A page in a window of its own, in which `firstSeen` looks, as often as something is drawn, for when something is there.
 *
 * @returns {Promise<{page: import('playwright-core').Page, faults: string[], sent: () => number}>} `faults`: what it did that its
 *   policy forbids, and what was thrown; `sent`: bytes that came so far, as they were packed
 */
export async function openPage(browser) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted Type/i.test(message.text())) faults.push(message.text());
  });
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await page.addInitScript(seeing);
  return { page, faults, sent: () => bytes, session };
}

/** In the page: `firstSeen`. */
function seeing() {
  globalThis.firstSeen = (isThere, since = 0) =>
    new Promise((resolve, reject) => {
      const begun = performance.now();
      const look = () => {
        if (isThere()) resolve(performance.now() - since);
        else if (performance.now() - begun > 60_000) reject(new Error(`never seen: ${isThere}`));
        else requestAnimationFrame(look);
      };
      look();
    });
}

/**
 * Milliseconds from the beginning of a navigation until the first frame in which something is seen. The page itself looks, from its first
 * frame on: this program would ask too late.
 *
 * @param {{selector: string, text?: string, scrolled?: boolean}} look what stands in it; without `text` whatever; `scrolled`: what is
 *   long is scrolled to its end as soon as it is there
 */
export async function seenAfterLoad(page, url, look) {
  const session = await page.context().newCDPSession(page);
  await session.send('Page.enable');
  // What another session has put into the page may come after this.
  const source = `(${seeing})(); globalThis.seen = (${firstLook})(${JSON.stringify(look)});`;
  const { identifier } = await session.send('Page.addScriptToEvaluateOnNewDocument', { source });
  try {
    await page.goto(url, { waitUntil: 'commit' });
    return await page.evaluate(() => globalThis.seen);
  } finally {
    await session.send('Page.removeScriptToEvaluateOnNewDocument', { identifier });
    await session.detach();
  }
}

/** In the page. */
function firstLook({ selector, text = '', scrolled = false }) {
  const toEnds = () => {
    for (const each of document.querySelectorAll('div'))
      if (each.scrollHeight > 100_000 && each.clientHeight < 5000) each.scrollTop = each.scrollHeight;
  };
  return globalThis.firstSeen(() => {
    if (scrolled) toEnds();
    return [...document.querySelectorAll(selector)].some((each) =>
      (scrolled ? each.innerText : each.textContent).includes(text),
    );
  });
}

/** Milliseconds from the beginning of a navigation until something that came with the page is gone. */
export function goneAfterLoad(page, selector) {
  return page.evaluate(
    (selector) => globalThis.firstSeen(() => document.querySelector(selector) === null),
    selector,
  );
}

/** Milliseconds between frames while `step` is done in each of them. */
export function frames(page, { selector = '', pixels = 0, count = 120 } = {}) {
  return page.evaluate(
    async ([selector, pixels, count]) => {
      const box = selector === '' ? null : document.querySelector(selector);
      const times = [];
      let before = await new Promise(requestAnimationFrame);
      for (let i = 0; i < count; i++) {
        if (box !== null) box.scrollTop += pixels;
        const now = await new Promise(requestAnimationFrame);
        times.push(now - before);
        before = now;
      }
      return times;
    },
    [selector, pixels, count],
  );
}

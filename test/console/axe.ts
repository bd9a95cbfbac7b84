import AxeBuilder from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** What axe finds, in words. */
export async function violations(page: Page): Promise<string[]> {
  // The page's policy lets no script in: as a debugger would, from outside.
  const session = await page.context().newCDPSession(page);
  try {
    await session.send('Runtime.evaluate', { expression: AxeBuilder.source });
    const { result } = await session.send('Runtime.evaluate', {
      expression: `axe.run().then(({ violations }) => JSON.stringify(violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' '))))`,
      awaitPromise: true,
    });
    return JSON.parse(String(result.value));
  } finally {
    await session.detach();
  }
}

/** Everybody can read what is shown, in both themes, and nothing is wider than the window. */
export async function expectReadable(page: Page, what: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const over = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(over, `${what} is wider than the window`).toBeLessThanOrEqual(0);
    expect(await violations(page), `${what}, ${colorScheme}`).toEqual([]);
  }
}

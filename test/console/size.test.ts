/** What a browser loads before it shows the list, packed as it is sent. */
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

it('is at most 20 kB of scripts, with the worker, and 4 kB of styles', async () => {
  const { firstLoad } = await import(join(root, 'scripts/build/first-load.js'));
  const { scripts, styles, files } = await firstLoad(join(root, 'dist/console'));
  // The page's script and that of the worker; the styles stand in the page.
  expect(files).toBe(2);
  expect(scripts).toBeLessThanOrEqual(20_000);
  expect(styles).toBeGreaterThan(1000);
  expect(styles).toBeLessThanOrEqual(4000);
});

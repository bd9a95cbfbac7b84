/** The embedded server's console where it cannot be opened at first. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createEmbeddedConsole, type EmbeddedConsole } from '../../../../src/server/console/embedded.ts';
import { createTestPlane, type TestPlane } from '../../../contract/control-plane.ts';

let folder: string;
let plane: TestPlane;
let embedded: EmbeddedConsole;
beforeEach(async () => {
  folder = join(mkdtempSync(join(tmpdir(), 'aichor-console-')), 'data');
  plane = await createTestPlane({ door: 'console' });
  embedded = createEmbeddedConsole({
    app: plane.app,
    // The folder is not there: nothing can be written.
    folders: { consoleName: join(folder, 'console-name'), consolePort: join(folder, 'console-port') },
    log: plane.serving.log,
    onRequest: () => undefined,
  });
});
afterEach(async () => {
  await embedded.close(0);
  await plane.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

it('is opened when somebody asks again, once it can be', async () => {
  await expect(embedded.address()).rejects.toMatchObject({ code: 'ENOENT' });
  mkdirSync(folder);
  expect(await embedded.address()).toMatch(/^http:\/\/aichor-[a-z2-7]{10}\.localhost:\d+$/);
});

it('is closed without an error when it could not be opened', async () => {
  const refused = expect(embedded.address()).rejects.toMatchObject({ code: 'ENOENT' });
  await embedded.close(0);
  await refused;
});

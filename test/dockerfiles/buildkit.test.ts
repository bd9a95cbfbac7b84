import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBuildKit, type BuildKit } from './buildkit.ts';
import { hasRun, RUN_FILES, type Form } from './form.ts';
import { differences, FORMS } from './table.ts';

/** `npm run test:buildkit`: whether the table's right values are BuildKit's. */
describe('the table', { timeout: 600_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'aichor-buildkit-'));
  let buildkit: BuildKit;
  beforeAll(async () => {
    buildkit = await startBuildKit(folder);
  }, 3_600_000);
  afterAll(async () => {
    await buildkit.leave();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(FORMS.map((form) => [form.text, form] as const))('%s', async (_text, form: Form) => {
    const { built, said } = await buildkit.build(form);
    if (form.refused !== undefined) {
      expect(built).toBe(null);
      expect(said).toContain(form.refused);
      return;
    }
    if (built === null) throw new Error(said);
    if (form.env !== undefined) expect(built.env).toEqual(form.env);
    if (form.installs !== undefined) expect(built.installs).toEqual(form.installs);
    if (form.tree !== undefined)
      expect(
        hasRun(form) && /^FROM/.test(form.text) === false ? differences(built.tree, RUN_FILES) : built.tree,
      ).toEqual(treeOf(form));
  });
});

function treeOf({ tree = {} }: Form): Record<string, string | null> {
  return Object.fromEntries(Object.entries(tree).filter(([, what]) => what !== undefined));
}

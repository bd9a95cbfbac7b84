import { describe, expect, test } from 'vitest';
import { readImage } from '../../src/dockerfile/image.ts';
import { CONTEXT, hasRun, RUN_FILES, shown, wholeText, type Form } from './form.ts';
import { differences, FORMS } from './table.ts';

async function read(form: Form) {
  const context = hasRun(form)
    ? Object.keys(RUN_FILES).map((path) => ({ path, kind: 'file', executable: false }) as const)
    : CONTEXT;
  return readImage({
    text: wholeText(form),
    buildArgs: form.args ?? {},
    ignore: form.ignore ?? null,
    context,
    target: form.target ?? null,
  });
}

/** The table without a shell: what the plain reader takes is what BuildKit makes. */
describe('as BuildKit makes it, without a shell', () => {
  test.each(FORMS.map((form) => [form.text, form] as const))('%s', async (_text, form) => {
    const { env, tree, unfollowed, refused, missing, notHonoured, installs } = await read(form);
    const complaints = [
      ...refused,
      ...missing.map(({ path }) => ({ what: `"/${path}": not found` })),
      ...notHonoured,
    ].map(({ what }) => what);
    if (form.refused !== undefined) {
      expect(complaints.join('\n')).toContain(form.refused);
      return;
    }
    if (form.env !== undefined) expect(Object.fromEntries(env)).toEqual(form.env);
    if (unfollowed.length > 0) return;
    expect(complaints).toEqual([]);
    const seen = shown(tree);
    if (form.tree !== undefined)
      expect(hasRun(form) && !/^FROM/.test(form.text) ? differences(seen, contents) : seen).toEqual(
        form.tree,
      );
    if (form.installs !== undefined)
      expect(installs.map(({ options }) => options.length > 0).length).toBe(form.installs.length);
  });
});

/** Without a shell files are known by their paths. */
const contents = Object.fromEntries(Object.keys(RUN_FILES).map((path) => [path, path]));

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFollowed } from '../../src/engines/local/build/shell/follow.ts';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { ImageTree, type TreeNode } from '../../src/dockerfile/tree/image-tree.ts';
import { createHouse, jobset, type House } from '../engine/house.ts';
import { realPython } from '../engine/small-uv.ts';
import { hasRun, RUN_FILES, shown, WORKDIR, type Form } from './form.ts';
import { recorder } from './recorder.ts';
import { differences, FORMS } from './table.ts';

const entrance = await findEntrance(process.env, userInfo());

/** Whether folders of this machine can be laid over and written to: not where temporary files are on an overlay themselves. */
function canOverlay(): boolean {
  if (entrance === null) return false;
  const folder = mkdtempSync(join(tmpdir(), 'aichor-overlay-'));
  const script =
    'cd "$0" && mkdir upper work seen && mount -t overlay overlay -o "lowerdir=/etc,upperdir=upper,workdir=work$1" seen';
  const [more, ...rest] = entrance.user === null ? [''] : [',userxattr', '--map-root-user'];
  const words = ['--mount', ...rest, 'sh', '-c', script, folder, more ?? ''];
  const { status } = spawnSync(entrance.unshare, words, { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
  return status === 0;
}
const changesSystem = canOverlay();
const isOfSystem = ({ text }: Form) => /\s\/(?:etc|usr)\//.test(text);

/** Many forms in one Dockerfile: those that keep to their folder share a stage, others have their own. */
const forms = FORMS.filter((form) => hasRun(form) && form.refused === undefined)
  .filter((form) => changesSystem || !isOfSystem(form))
  .map((form, number) => ({ form, number }));
const isWhole = ({ text }: Form) => text.startsWith('FROM');
const isAlone = ({ text, tree = {} }: Form) =>
  /^(?:ENV|ARG|SHELL|COPY|WORKDIR)\s|^RUN --mount/m.test(text) ||
  JSON.stringify(tree).includes('"/') ||
  JSON.stringify(tree).includes(WORKDIR);

function dockerfileOf(some: typeof forms): string {
  const shared = some.filter(({ form }) => !isWhole(form) && !isAlone(form));
  const alone = some.filter(({ form }) => !isWhole(form) && isAlone(form));
  const whole = some.filter(({ form }) => isWhole(form));
  const stages = [
    // A line that only a shell can follow has all of them followed by one.
    [
      'FROM python:3.11 AS shared',
      'RUN true | true',
      ...shared.map(({ number }) => `COPY . /f/${number}/`),
      ...shared.flatMap(({ form, number }) => [
        `WORKDIR /f/${number}`,
        `ENV RECORD_FORM=${number}`,
        form.text,
      ]),
    ],
    ...alone.map(({ form, number }) => [
      `FROM python:3.11 AS alone-${number}`,
      `ENV RECORD_FORM=${number}`,
      `WORKDIR ${WORKDIR}`,
      'COPY . .',
      form.text,
    ]),
    ...whole.map(({ form, number }) => [
      form.text
        .replace(/\nFROM (?!.*FROM)/s, (from) => `${from}`)
        .replace(/(FROM [^\n]*)\n(?![^]*FROM)/, `$1 AS whole-${number}\nENV RECORD_FORM=${number}\n`),
    ]),
  ].map((lines) => lines.join('\n'));
  const last = [
    'FROM python:3.11',
    // A line that only a shell can follow has all of them followed by one.
    'RUN true | true',
    ...shared.map(({ number }) => `COPY --from=shared /f/${number} /out/${number}${WORKDIR}`),
    ...alone.map(({ number }) => `COPY --from=alone-${number} / /out/${number}`),
    ...whole.map(({ number }) => `COPY --from=whole-${number} / /out/${number}`),
  ];
  return [...stages, ...last].join('\n');
}

let house: House;
beforeAll(async () => {
  house = await createHouse();
});
afterAll(() => house.leave());

/** What each form gave. */
async function follow(some: typeof forms, folder: string) {
  const record = join(house.folder, folder, 'record');
  await mkdir(join(house.folder, folder));
  const uv = `#!/bin/sh\nif [ "$1" = venv ]; then for home; do :; done; exec ${await realPython()} -m venv --without-pip "$home"; fi\n${recorder(record)}`;
  await writeFile(join(house.folder, folder, 'uv'), uv);
  await chmod(join(house.folder, folder, 'uv'), 0o755);
  await writeFile(record, '');
  const files = { ...RUN_FILES, Dockerfile: dockerfileOf(some) };
  const shell = { PATH: `${join(house.folder, folder)}:${process.env['PATH']}`, HOME: house.folder };
  const buildArgs = Object.assign({}, ...some.map(({ form }) => form.args ?? {}));
  const experiment = await house.submit({ ...jobset('true'), builder: { buildArgs }, files, shell });
  const { data, notices } = await experiment.build();
  const followed = await readFollowed(
    `${house.folder}/environments/${String(data['image'])}`,
    await experiment.context(),
  );
  if (followed === null) throw new Error('it was not followed');
  const recorded = (await readFile(record, 'utf8')).split('\n').filter((line) => line !== '');
  return { tree: followed.found.image.tree, recorded, notices };
}

async function treeOf(all: ImageTree, number: number): Promise<Record<string, string>> {
  const nodes: [string, TreeNode][] = [];
  for (const [path, node] of all.below(`/out/${number}`)) {
    if (node.kind !== 'file') nodes.push([`/${path}`, node]);
    else {
      const { origin } = node;
      const text =
        origin.kind === 'context'
          ? (RUN_FILES[origin.path] ?? '')
          : origin.kind === 'text'
            ? origin.text
            : await readFile(origin.path, 'utf8');
      nodes.push([`/${path}`, { ...node, origin: { kind: 'text', text } }]);
    }
  }
  return shown(new ImageTree(nodes));
}

describe.runIf(entrance)('as BuildKit makes it, by a real shell', { timeout: 120_000 }, () => {
  test.each([
    ['forms', forms.filter(({ form }) => form.args === undefined)],
    ['forms with arguments', forms.filter(({ form }) => form.args !== undefined)],
  ])('%s', async (name, some) => {
    const { tree, recorded, notices } = await follow(some, name.replaceAll(' ', '-'));
    expect(notices).toEqual([]);
    for (const { form, number } of some) {
      const seen = await treeOf(tree, number);
      const made = isWhole(form) ? seen : differences(seen, RUN_FILES);
      const installs = recorded
        .filter((line) => line.startsWith(`${number} `))
        .map((line) => line.slice(`${number} `.length));
      expect
        .soft({ text: form.text, tree: made, installs })
        .toEqual({ text: form.text, tree: form.tree ?? {}, installs: form.installs ?? [] });
    }
  });
});

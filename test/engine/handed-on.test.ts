import { existsSync, linkSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ImageTree, type TreeNode } from '../../src/dockerfile/tree/image-tree.ts';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { handOn, takeHandedOn } from '../../src/engines/local/build/shell/root/hand-on.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { find } from '../../src/engines/local/build/shell/root/find.ts';
import { createHouse, jobset, type House } from './house.ts';
import { smallUvShell } from './small-uv.ts';

const entrance = await findEntrance(process.env, userInfo());

let house: House;
let shell: Record<string, string>;
beforeAll(async () => {
  house = await createHouse();
  shell = await smallUvShell(house.folder);
});
afterAll(() => house.leave());

/** Everything that a pod can tell of its files. */
const LISTED =
  "find . /opt/aichor-data -printf '%p %y %#m %n %l\\n' | sort; find . /opt/aichor-data -type f | sort | xargs md5sum";
const FILES = {
  'main.py': 'print(1)\n',
  'data/a.txt': 'a\n',
  'data/b.txt': 'b\n',
  'old.txt': 'old\n',
  'gone/x': '',
  'go.sh': '#!/bin/sh\n',
};

const START = 'WORKDIR /srv/aichor-handed\nCOPY . .';

async function runPods(lines: string, { restart = false, start = START } = {}) {
  const dockerfile = `FROM python\n${start}\n${lines}\n`;
  const experiment = await house.submit({
    ...jobset(LISTED, { worker: { count: 2 } }),
    shell,
    files: { ...FILES, Dockerfile: dockerfile },
  });
  const build = await experiment.build();
  const context = { ...(await experiment.context()), build, admitted: planPeak(experiment.plan) };
  const waiting = join(context.directory, 'work', `image-${String(build.data['image'])}`);
  const isHandedOn = existsSync(join(waiting, 'srv', 'aichor-handed'));
  const facts: ExperimentFact[] = [];
  for await (const fact of (restart ? house.restarted() : house.engine).run(context)) facts.push(fact);
  const printed = await Promise.all(['worker-0-0', 'worker-1-0'].map((pod) => experiment.printed(pod)));
  return { isHandedOn, isLeft: existsSync(waiting), printed };
}

describe.runIf(entrance)(
  'files in which RUN lines were followed go to the first pod',
  { timeout: 60_000 },
  () => {
    const changed = [
      'RUN chmod 444 data/a.txt && chmod 500 data && ln main.py second.py && ln -s /srv/aichor-handed/main.py link',
      'RUN ln -s data here; mv old.txt new.txt; rm -r gone; mkfifo pipe; mkdir -p empty/folder; chmod u+s go.sh',
      'RUN uv venv && mkdir /opt/aichor-data && seq 3 > /opt/aichor-data/n && date > /etc/aichor-handed',
      'COPY main.py later/',
    ].join('\n');

    test.each([
      ['what they have done', changed],
      ['an environment in the folder', 'RUN python -m venv $(echo .venv)'],
      ['a line that only looks', 'RUN ls $(pwd)'],
    ])('and are what the next pod has laid out: %s', async (_, lines) => {
      const { isHandedOn, isLeft, printed } = await runPods(
        lines.includes('/opt/aichor-data') ? lines : `${lines}\nRUN mkdir $(echo /opt/aichor-data)`,
      );
      expect({ isHandedOn, isLeft }).toEqual({ isHandedOn: true, isLeft: false });
      // Of one file with two names a pod that lays it out makes two.
      const alone = printed.map((text) => text.replace(/^(\S+ f \d+) \d+ $/gm, '$1'));
      expect(alone[0]).toBe(alone[1]);
      expect(printed[0]).toContain('main.py');
    });

    test('where a line was followed before anything was copied, too', async () => {
      const { printed } = await runPods(`${START}\nCOPY main.py /opt/aichor-data/`, {
        start: 'RUN ls $(pwd)',
      });
      expect(printed[0]).toContain('main.py');
      expect(printed[0]).toBe(printed[1]);
    });

    test('as the image has them, where a line has changed what was only mounted for it', async () => {
      const mounted = '--mount=type=bind,target=.,rw';
      const lines = [
        `RUN ${mounted} echo bad > $(echo main.py); rm old.txt; echo > data/new; mv data/a.txt gone; mkdir strange`,
        'RUN cat $(echo main.py old.txt) > seen; ls data gone > there',
        `RUN ${mounted} rm -r $(echo data); chmod 777 go.sh`,
        'RUN mkdir /opt/aichor-data && cp $(echo main.py) old.txt seen there /opt/aichor-data',
      ].join('\n');
      const { printed } = await runPods(`${lines}\nCOPY main.py data/a.txt wanted/`);
      expect(printed[0]).toBe(printed[1]);
      const sums = new Map(
        [...(printed[0] ?? '').matchAll(/^([0-9a-f]{32}) {2}(.+)$/gm)].map(([, sum = '', path = '']) => [
          path,
          sum,
        ]),
      );
      expect(sums.get('./main.py')).toBe(sums.get('./wanted/main.py'));
      expect(sums.get('/opt/aichor-data/main.py')).toBe(sums.get('./wanted/main.py'));
      expect(sums.get('./data/a.txt')).toBe(sums.get('./wanted/a.txt'));
      expect(sums.has('./old.txt')).toBe(true);
      expect(printed[0]).not.toMatch(/strange|data\/new|gone\/a\.txt/);
    });

    test('and to nobody when the build fails after them', async () => {
      const dockerfile = 'FROM python\nWORKDIR /srv/aichor-handed\nCOPY . .\nRUN ls $(pwd)\n';
      const files = { ...FILES, 'pyproject.toml': '[project\n', Dockerfile: dockerfile };
      const experiment = await house.submit({ ...jobset('true'), shell, files });
      await expect(experiment.build()).rejects.toThrow('pyproject.toml');
      expect(existsSync(join((await experiment.context()).directory, 'work'))).toBe(false);
    });

    test('after the control plane has gone and come, too', async () => {
      const { isLeft, printed } = await runPods('RUN seq 3 > $(echo made) && mkdir /opt/aichor-data', {
        restart: true,
      });
      expect(isLeft).toBe(false);
      expect(printed[0]).toBe(printed[1]);
      expect(printed[0]).toContain('made');
    });
  },
);

describe('a folder of a root', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aichor-handed-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const file = (path: string): TreeNode => ({ kind: 'file', origin: { kind: 'made', path }, mode: 0o644 });

  async function handedOn(name: string, nodes: [string, TreeNode][]) {
    const root = { folder: join(folder, name, 'root') };
    const directory = join(folder, name, 'experiment');
    const tree = new ImageTree();
    for (const [path, node] of nodes) tree.add(path, node);
    const list = await find(root.folder, { at: '', tests: [], mostBytes: 1e6 });
    await handOn({ root, list }, tree, { directory, key: 'k' });
    return takeHandedOn({ directory, key: 'k' }, { tree, taken: join(directory, 'work', '1', 'pod.given') });
  }

  test('has nothing of another’s in it: a file that a cache has too becomes one of its own', async () => {
    const app = join(folder, 'linked', 'root', 'app');
    mkdirSync(app, { recursive: true });
    writeFileSync(join(folder, 'cached'), 'kept');
    linkSync(join(folder, 'cached'), join(app, 'cached'));
    writeFileSync(join(app, 'cached.copy'), 'another');
    symlinkSync('/nowhere', join(app, 'venv'));
    const given = await handedOn('linked', [
      ['/app/cached', file('')],
      ['/app/cached.copy', file('')],
    ]);
    expect(given?.folders).toEqual(['/app']);
    const pod = join(folder, 'linked', 'pod');
    given?.moveInto(pod);
    writeFileSync(join(pod, 'app', 'cached'), 'changed');
    expect(readFileSync(join(folder, 'cached'), 'utf8')).toBe('kept');
    expect(statSync(join(folder, 'cached')).nlink).toBe(1);
    expect(existsSync(join(pod, 'app', 'venv'))).toBe(false);
    expect(readFileSync(join(pod, 'app', 'cached.copy'), 'utf8')).toBe('another');
  });

  // Looked for in the whole list for each of them, they would take minutes.
  test('is one of thousands, beside millions of other files', async () => {
    const root = { folder: join(folder, 'many', 'root') };
    const directory = join(folder, 'many', 'experiment');
    const tree = new ImageTree();
    for (let index = 0; index < 3000; index += 1) tree.addFolder(`/opt/f${index}`);
    const folders = [...tree.paths()].filter((path) => path !== '/opt');
    for (const path of folders) mkdirSync(root.folder + path, { recursive: true });
    const seen = await find(root.folder, { at: '', tests: [], mostBytes: 1e7 });
    const other = { ...seen[0], path: '/tmp/other', kind: 'f' } as (typeof seen)[number];
    const list = [...seen, ...Array.from({ length: 2_000_000 }, () => other)];
    await handOn({ root, list }, tree, { directory, key: 'k' });
    const taken = join(directory, 'taken');
    const given = await takeHandedOn({ directory, key: 'k' }, { tree, taken });
    expect(given?.folders).toEqual(folders);
  });

  test('in which something is missing, or of another kind, is not handed on', async () => {
    for (const name of ['a', 'b']) mkdirSync(join(folder, 'other', 'root', name), { recursive: true });
    writeFileSync(join(folder, 'other', 'root', 'b', 'x'), '');
    const given = await handedOn('other', [
      ['/a/x', file('')],
      ['/b/x', { kind: 'link', target: 'y' }],
    ]);
    expect(given?.folders).toEqual([]);
  });
});

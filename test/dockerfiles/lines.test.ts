import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readImage, type Image } from '../../src/dockerfile/image.ts';
import { optionWords } from '../../src/dockerfile/run/options.ts';
import { LINES } from './forms/lines.ts';
import { RUN_FILES, shown, withMode, WORKDIR } from './form.ts';
import { differences } from './table.ts';

/** The `sh` of Debian's images, where it is here. */
const DASH = '/bin/dash';
const hasDash = spawnSync(DASH, ['-c', ':']).status === 0;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-lines-'));
  mkdirSync(join(folder, 'bin'));
  const words = `#!/bin/sh
case " $* " in *" broken "*|*" none.txt "*) exit 1 ;; esac
case " $* " in *" uninstall "*) exit 0 ;; esac
[ "$1" = -m ] && shift 2
printf '%s' "$#" >> ../record; printf ' <%s>' "$@" >> ../record; printf '%s' E_N_D >> ../record
`;
  for (const name of ['pip', 'pip3', 'python', 'python3']) {
    writeFileSync(join(folder, 'bin', name), words.replaceAll('../record', '"$RECORD"'));
    chmodSync(join(folder, 'bin', name), 0o755);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Seen {
  /** What is otherwise than before. */
  tree: Record<string, string | null>;
  installs: string[];
}

/** What the shell makes of a line; null: it ends as a failure, and so does the build. */
function byShell(line: string): Seen | null {
  const place = mkdtempSync(join(folder, 'run-'));
  const work = join(place, 'work');
  for (const [path, text] of Object.entries(RUN_FILES)) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), text);
  }
  const record = join(place, 'record');
  writeFileSync(record, '');
  const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, HOME: place, RECORD: record };
  const { status } = spawnSync(DASH, ['-c', line], { cwd: work, env, timeout: 20_000, stdio: 'ignore' });
  if (status !== 0) return null;
  const installs = readFileSync(record, 'utf8')
    .split('E_N_D')
    .filter((each) => each !== '')
    .map(sortedWords);
  return { tree: differences(treeOf(work), RUN_FILES), installs };
}

/** Options may be told before or after what they belong to. */
function sortedWords(call: string): string {
  const [, count = '', words = ''] = /^(\d+)(.*)$/s.exec(call) ?? [];
  return `${count} ${words
    .slice(1)
    .split(/(?<=>) (?=<)/)
    .toSorted()
    .join(' ')}`;
}

function treeOf(work: string): Record<string, string> {
  const seen: Record<string, string> = {};
  const look = (inner: string) => {
    for (const name of readdirSync(join(work, inner))) {
      const path = inner === '' ? name : `${inner}/${name}`;
      const stats = lstatSync(join(work, path));
      const mode = stats.mode & 0o777;
      if (stats.isSymbolicLink()) seen[path] = `-> ${readlinkSync(join(work, path))}`;
      else if (stats.isDirectory()) {
        seen[path] = withMode('folder', '', mode);
        look(path);
      } else seen[path] = withMode('file', readFileSync(join(work, path), 'utf8'), mode);
    }
  };
  look('');
  return seen;
}

/** What the reader makes of it; null: it refuses the line by name. */
async function byReader(line: string): Promise<Seen | null> {
  const image = await readImage({
    text: [
      'FROM python:3.11',
      `WORKDIR ${WORKDIR}`,
      'COPY . .',
      'RUN <<EOF_OF_LINE',
      line,
      'EOF_OF_LINE',
    ].join('\n'),
    buildArgs: {},
    ignore: null,
    context: Object.keys(RUN_FILES).map((path) => ({ path, kind: 'file', executable: false }) as const),
    target: null,
  });
  if (image.unfollowed.length > 0) return null;
  const failing = image.installs.filter(({ options }) =>
    optionWords(options).some((word) => FAILING.test(word)),
  );
  // One that may not fail ends the build.
  if (failing.some(({ mayFail }) => mayFail !== true)) return { tree: {}, installs: ['failure'] };
  const done = image.installs.filter((each) => !failing.includes(each));
  return { tree: differences(contents(image), RUN_FILES), installs: done.map(recorded) };
}

const FAILING = /^(?:broken|none\.txt)$/;

function contents({ tree }: Image): Record<string, string> {
  return Object.fromEntries(
    Object.entries(shown(tree)).map(([path, what]) => {
      const [, content = '', mode = ''] = /^(.*?)( [0-7]{3})?$/s.exec(what) ?? [];
      return [path, (RUN_FILES[content] ?? content) + mode];
    }),
  );
}

function recorded({ options }: Image['installs'][number]): string {
  const words = ['install', ...optionWords(options)].toSorted();
  return `${words.length}${words.map((word) => ` <${word}>`).join('')}`;
}

describe.runIf(hasDash)('what is read without a shell is what dash does, or is refused by name', () => {
  test('the shell is the one of Debian', () =>
    expect(execFileSync(DASH, ['-c', "echo 'a\\tb'"], { encoding: 'utf8' })).toBe('a\tb\n'));

  // How an installer ends is not known beforehand, how `touch` ends is.
  const other = LINES.filter((line) => /pip install [\w$"{ ]+/.test(line)).map((line) =>
    line.replaceAll('pip install ', 'touch '),
  );
  test.each([...LINES, ...other])('%s', async (line) => {
    const read = await byReader(line);
    if (read === null) return;
    expect(read).toEqual(byShell(line) ?? { tree: {}, installs: ['failure'] });
  });
});

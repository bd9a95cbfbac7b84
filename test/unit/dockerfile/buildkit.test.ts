import { describe, expect, test } from 'vitest';
import { readImage } from '../../../src/dockerfile/image.ts';
import type { ContextEntry, ImageTree } from '../../../src/dockerfile/tree/image-tree.ts';

/** Right values are those of BuildKit 0.34.2, which built these files. */
const HEAD = 'FROM python:3.11\nWORKDIR /srv/exp\n';

const file = (path: string, executable = false): ContextEntry => ({ path, kind: 'file', executable });
const CONTEXT: ContextEntry[] = [
  file('a.txt'),
  file('b.txt'),
  { path: 'dl', kind: 'link', target: 'src' },
  { path: 'empty', kind: 'folder' },
  { path: 'lnk', kind: 'link', target: 'a.txt' },
  file('run.sh', true),
  file('src/m.py'),
  file('src/sub/n.py'),
  { path: 'src/to', kind: 'link', target: 'm.py' },
  file('x[1].txt'),
];

interface Seen {
  env: Record<string, string>;
  tree: Record<string, string>;
  lines: string[];
}

async function build(
  text: string,
  more: { buildArgs?: Record<string, string>; ignore?: string; context?: ContextEntry[] } = {},
): Promise<Seen> {
  const { buildArgs = {}, ignore = null, context = CONTEXT } = more;
  const image = await readImage({
    text: text.startsWith('FROM') || text.startsWith('#') ? text : HEAD + text,
    buildArgs,
    ignore,
    context,
    target: null,
  });
  if (image === null) throw new Error('there is no stage in it');
  const { env, tree, refused, missing, unfollowed } = image;
  const lines = [
    ...refused,
    ...missing.map(({ line, path }) => ({ line, what: `missing ${path}` })),
    ...unfollowed,
  ];
  return {
    env: Object.fromEntries(env),
    tree: shown(tree),
    lines: lines.map(({ line, what }) => `${line} ${what}`),
  };
}

/** Paths below the working directory without it; what is there, and its mode where it is not the usual one. */
function shown(tree: ImageTree): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const [path, node] of tree.entries()) {
    if (/^\/srv(\/exp)?$/.test(path)) continue;
    const mode =
      node.kind === 'link' || node.mode === (node.kind === 'folder' ? 0o755 : 0o644)
        ? ''
        : ` ${node.mode.toString(8)}`;
    const content =
      node.kind === 'link'
        ? `-> ${node.target}`
        : node.kind === 'folder'
          ? 'folder'
          : node.origin.kind === 'text'
            ? node.origin.text
            : node.origin.path;
    seen[path.replace(/^\/srv\/exp\//, '')] = content + mode;
  }
  return seen;
}

describe('variables', () => {
  test.each<[string, Record<string, string>]>([
    [
      'ENV U=/a/b.tar.gz\nENV P=${U%.*} R=${U##*/} G=${U%%.*} S=${U#*/}',
      { U: '/a/b.tar.gz', P: '/a/b.tar', R: 'b.tar.gz', G: '/a/b', S: 'a/b.tar.gz' },
    ],
    [
      'ENV X=foobar\nENV I=${X#foo} J=${X#f?o} M=${X/o/0} O=${X//o/0} E=${X/oo/}',
      { X: 'foobar', I: 'bar', J: 'bar', M: 'f0obar', O: 'f00bar', E: 'fbar' },
    ],
    ['ENV L=env\nARG L=arg\nENV A=$L', { L: 'env', A: 'arg' }],
    ['ARG L=arg\nENV L=env\nENV A=$L', { L: 'env', A: 'env' }],
    ['ENV L=env\nARG L\nENV A=$L', { L: 'env', A: 'env' }],
    [
      'ARG TARGETARCH\nARG TARGETOS\nARG TARGETPLATFORM\nARG BUILDPLATFORM\nARG TARGETVARIANT\nENV A=$TARGETARCH,$TARGETOS,$TARGETPLATFORM,$BUILDPLATFORM,$TARGETVARIANT',
      { A: 'amd64,linux,linux/amd64,linux/amd64,' },
    ],
    ['ENV A=$TARGETARCH', { A: '' }],
    ['ENV A=ab\\\ncd', { A: 'abcd' }],
    ['ENV A=1\\\\\nENV B=2', { A: '1\\', B: '2' }],
    ['ENV A=${A:-${B:-c}} D=$$ E=\'${X}\' F="a b" G=\\$x', { A: 'c', D: '', E: '${X}', F: 'a b', G: '$x' }],
    ['ENV NAME some  text', { NAME: 'some  text' }],
    ['ENV A=1\nENV A=2 B=$A', { A: '2', B: '1' }],
    ['ENV A=x C=${A:+yes}${NONE:+no}${NONE-none}', { A: 'x', C: 'none' }],
  ])('%s', async (text, env) => expect((await build(text)).env).toEqual(env));

  test('arguments of an earlier stage come along, given ones too', async () => {
    const text = 'FROM python AS one\nARG A=1\nFROM one\nENV C=x$A\n';
    expect((await build(text)).env).toEqual({ C: 'x1' });
    expect((await build(text, { buildArgs: { A: '2' } })).env).toEqual({ C: 'x2' });
  });

  test('the escape character of the file is that of its words', async () => {
    const text = '# escape=`\nFROM python\nENV A=a` b B=c\\d C="x`"y"\n';
    expect((await build(text)).env).toEqual({ A: 'a b', B: 'c\\d', C: 'x"y' });
  });

  test.each([
    ['ENV A="${X:?is needed}"', '3 ENV: X: is needed'],
    ['ENV A=${X!y}', '3 ENV: unsupported modifier (!) in substitution'],
    ['COPY "my file.txt" d/', '3 COPY: unexpected end of statement while looking for matching double-quote'],
    ['COPY <<EOF f\nnever ended\n', '3 unterminated heredoc'],
    ['FETCH x', '3 unknown instruction: FETCH'],
  ])('%s is refused', async (text, line) => expect((await build(text)).lines).toContain(line));
});

describe('COPY', () => {
  test.each<[string, Record<string, string>]>([
    ['ENV X=src.old\nCOPY ${X%.old}/m.py d/', { d: 'folder', 'd/m.py': 'src/m.py' }],
    ['COPY a.\\\ntxt d/', { d: 'folder', 'd/a.txt': 'a.txt' }],
    ['COPY *.sh sh', { sh: 'run.sh 755' }],
    ['COPY x[[]1].txt y', { y: 'x[1].txt' }],
    ['COPY [ab].txt d/', { d: 'folder', 'd/a.txt': 'a.txt', 'd/b.txt': 'b.txt' }],
    [
      'COPY s* d',
      {
        d: 'folder',
        'd/m.py': 'src/m.py',
        'd/sub': 'folder',
        'd/sub/n.py': 'src/sub/n.py',
        'd/to': '-> m.py',
      },
    ],
    ['COPY **/*.py d/', { d: 'folder', 'd/m.py': 'src/m.py' }],
    ['COPY lnk two', { two: 'a.txt' }],
    [
      'COPY lnk dl d/',
      {
        d: 'folder',
        'd/lnk': 'a.txt',
        'd/m.py': 'src/m.py',
        'd/sub': 'folder',
        'd/sub/n.py': 'src/sub/n.py',
        'd/to': '-> m.py',
      },
    ],
    ['COPY dl/m.py x', { x: 'src/m.py' }],
    ['COPY src/to t', { t: 'src/m.py' }],
    ['COPY empty e', { e: 'folder' }],
    ['COPY --chmod=755 a.txt x', { x: 'a.txt 755' }],
    ['COPY --chmod=0600 a.txt x', { x: 'a.txt 600' }],
    ['ARG M=u+x\nCOPY --chmod=$M a.txt x', { x: 'a.txt 744' }],
    ['COPY --chmod=a-x run.sh x', { x: 'run.sh' }],
    [
      'COPY --chmod=755 src s/',
      {
        s: 'folder',
        's/m.py': 'src/m.py 755',
        's/sub': 'folder',
        's/sub/n.py': 'src/sub/n.py 755',
        's/to': '-> m.py',
      },
    ],
    ['COPY --chmod=a+rX,go-w run.sh a.txt d/', { d: 'folder', 'd/run.sh': 'run.sh 755', 'd/a.txt': 'a.txt' }],
    ['COPY --parents src/./sub/n.py q/', { q: 'folder', 'q/sub': 'folder', 'q/sub/n.py': 'src/sub/n.py' }],
    [
      'COPY --parents src/sub/n.py q/',
      { q: 'folder', 'q/src': 'folder', 'q/src/sub': 'folder', 'q/src/sub/n.py': 'src/sub/n.py' },
    ],
    [
      'COPY --parents **/*.py q/',
      {
        q: 'folder',
        'q/src': 'folder',
        'q/src/m.py': 'src/m.py',
        'q/src/sub': 'folder',
        'q/src/sub/n.py': 'src/sub/n.py',
      },
    ],
    ['COPY --exclude=sub src g/', { g: 'folder', 'g/m.py': 'src/m.py', 'g/to': '-> m.py' }],
    [
      'COPY --exclude=**/n.py src f/',
      { f: 'folder', 'f/m.py': 'src/m.py', 'f/sub': 'folder', 'f/to': '-> m.py' },
    ],
    [
      'COPY ../a.txt /b.txt e//f//',
      { e: 'folder', 'e/f': 'folder', 'e/f/a.txt': 'a.txt', 'e/f/b.txt': 'b.txt' },
    ],
    [
      'COPY src/. d',
      {
        d: 'folder',
        'd/m.py': 'src/m.py',
        'd/sub': 'folder',
        'd/sub/n.py': 'src/sub/n.py',
        'd/to': '-> m.py',
      },
    ],
    ['COPY "a.txt" \'b.txt\' d/', { d: 'folder', 'd/a.txt': 'a.txt', 'd/b.txt': 'b.txt' }],
    ['RUN rm -rf x && mkdir x\nRUN rm -r x\nCOPY a.txt x', { x: 'a.txt' }],
    ['COPY a.txt x\nRUN rm x && mkdir x\nCOPY a.txt x', { x: 'folder', 'x/a.txt': 'a.txt' }],
    [
      'COPY a.txt x\nCOPY src x/',
      {
        x: 'folder',
        'x/m.py': 'src/m.py',
        'x/sub': 'folder',
        'x/sub/n.py': 'src/sub/n.py',
        'x/to': '-> m.py',
      },
    ],
  ])('%s', async (text, tree) => {
    const seen = await build(text);
    expect(seen.lines).toEqual([]);
    expect(seen.tree).toEqual(tree);
  });

  test('links at the place are followed', async () => {
    const { tree } = await build(
      'COPY . .\nCOPY a.txt dl/\nCOPY empty dl/new\nWORKDIR dl/deep\nCOPY b.txt .',
    );
    expect(tree).toMatchObject({
      dl: '-> src',
      'src/a.txt': 'a.txt',
      'src/new': 'folder',
      'src/deep/b.txt': 'b.txt',
    });
  });

  test('of everything, with empty folders and those whose files all stay out', async () => {
    const ignore = '*\n!src\nsrc/**/*.py\n';
    expect((await build('COPY . .', { ignore })).tree).toEqual({
      src: 'folder',
      'src/sub': 'folder',
      'src/to': '-> m.py',
    });
    expect((await build('COPY . .')).tree).toMatchObject({
      empty: 'folder',
      lnk: '-> a.txt',
      'run.sh': 'run.sh 755',
    });
  });

  test.each<[string, Record<string, string>]>([
    ['COPY <<EOF a.ini\nline\nEOF', { 'a.ini': 'line\n' }],
    ['COPY <<EOF d/\nx\nEOF', { d: 'folder', 'd/EOF': 'x\n' }],
    ['COPY <<A <<B d/\na\nA\nb\nB', { d: 'folder', 'd/A': 'a\n', 'd/B': 'b\n' }],
    ['COPY <<-EOF f\n\ttabbed\n\tEOF', { f: 'tabbed\n' }],
    [
      'ENV V=v W=foo\nCOPY <<EOF f\n$V ${U:-d} ${W%oo} \\$ \\\\ \\n "q" \'s\' `b`\nEOF',
      { f: 'v d f $ \\ n "q" \'s\' `b`\n' },
    ],
    ["ENV V=v\nCOPY <<'EOF' f\n$V \\n\nEOF", { f: '$V \\n\n' }],
    ['COPY --chmod=755 <<EOF go.sh\n#!/bin/sh\nEOF', { 'go.sh': '#!/bin/sh\n 755' }],
    ['COPY <<EOF a.txt d/\nx\nEOF', { d: 'folder', 'd/EOF': 'x\n', 'd/a.txt': 'a.txt' }],
    ['COPY <<EOF f\nEOF', { f: '' }],
    ['COPY <<EOF f\nline\r\nEOF', { f: 'line\r\n' }],
  ])('%s', async (text, tree) => {
    const seen = await build(text);
    expect(seen.lines).toEqual([]);
    expect(seen.tree).toEqual(tree);
  });
});

describe('stages', () => {
  test('triggers of ONBUILD run first in the stage that is FROM theirs', async () => {
    const text = 'FROM python AS one\nONBUILD ENV A=1\nONBUILD COPY a.txt /x\nFROM one\nENV B=$A\n';
    expect(await build(text)).toMatchObject({ env: { A: '1', B: '1' }, tree: { '/x': 'a.txt' } });
    expect(await build('FROM python AS one\nONBUILD ENV A=1\n')).toMatchObject({ env: {} });
  });

  test('a name with capitals is no stage for FROM, and one for COPY', async () => {
    const first = 'FROM python AS First\nRUN mkdir -p /l && touch /l/l.txt\n';
    expect((await build(`${first}FROM First\n`)).lines).toEqual([
      '3 repository name (library/First) must be lowercase',
    ]);
    expect((await build(`${first}FROM x\nCOPY --from=FIRST /l /m\n`)).tree).toMatchObject({ '/m/l.txt': '' });
  });
});

describe('RUN', () => {
  test('a heredoc of a higher descriptor begins no stage, and one with anything besides is a shell line', async () => {
    expect((await build('RUN cat 3<<EOF <&3\nFROM y\nEOF\nENV A=1')).env).toEqual({ A: '1' });
    expect(await build('RUN <<EOF > out\necho never > made\nEOF')).toMatchObject({ tree: {} });
  });
});

import type { Form } from '../form.ts';

const SRC = { 'm.py': 'src/m.py', sub: 'folder', 'sub/n.py': 'src/sub/n.py', to: '-> m.py' };

/** What is in `src`, below a folder. */
function srcIn(folder: string): Record<string, string> {
  const inside = Object.entries(SRC).map(([path, what]) => [`${folder}/${path}`, what]);
  return { [folder]: 'folder', ...Object.fromEntries(inside) };
}

const EVERYTHING = {
  'a.txt': 'a.txt',
  'b.txt': 'b.txt',
  dl: '-> src',
  empty: 'folder',
  lnk: '-> a.txt',
  'run.sh': 'run.sh 755',
  ...srcIn('src'),
  'x[1].txt': 'x[1].txt',
};

/** COPY and WORKDIR. */
export const COPIES: Form[] = [
  { text: 'COPY . .', tree: EVERYTHING },
  { text: 'COPY ./ ./', tree: EVERYTHING },
  {
    text: 'COPY * ./',
    tree: {
      'a.txt': 'a.txt',
      'b.txt': 'b.txt',
      lnk: 'a.txt',
      'run.sh': 'run.sh 755',
      ...SRC,
      'x[1].txt': 'x[1].txt',
    },
  },
  { text: 'ENV X=src.old\nCOPY ${X%.old}/m.py d/', tree: { d: 'folder', 'd/m.py': 'src/m.py' } },
  { text: 'COPY a.\\\ntxt d/', tree: { d: 'folder', 'd/a.txt': 'a.txt' } },
  { text: 'COPY *.sh sh', tree: { sh: 'run.sh 755' } },
  { text: 'COPY a.* sh', tree: { sh: 'a.txt' } },
  { text: 'COPY x[[]1].txt y', tree: { y: 'x[1].txt' } },
  { text: 'COPY [ab].txt d/', tree: { d: 'folder', 'd/a.txt': 'a.txt', 'd/b.txt': 'b.txt' } },
  { text: 'COPY [^a].txt d/', tree: { d: 'folder', 'd/b.txt': 'b.txt' } },
  { text: 'COPY a.txt b.txt d', tree: { d: 'b.txt' } },
  { text: 'COPY [ab].txt d', tree: { d: 'b.txt' } },
  { text: 'COPY src a.txt d', tree: { ...srcIn('d'), 'd/a.txt': 'a.txt' } },
  { text: 'COPY ?.txt d/', tree: { d: 'folder', 'd/a.txt': 'a.txt', 'd/b.txt': 'b.txt' } },
  { text: 'COPY s* d', tree: srcIn('d') },
  { text: 'COPY em* d', tree: { d: 'folder' } },
  { text: 'COPY **/*.py d/', tree: { d: 'folder', 'd/m.py': 'src/m.py' } },
  {
    text: 'COPY src/** d/',
    tree: { d: 'folder', 'd/m.py': 'src/m.py', 'd/n.py': 'src/sub/n.py', 'd/to': 'src/m.py' },
  },
  { text: 'COPY lnk two', tree: { two: 'a.txt' } },
  { text: 'COPY lnk dl d/', tree: { ...srcIn('d'), 'd/lnk': 'a.txt' } },
  { text: 'COPY l* d/', tree: { d: 'folder', 'd/lnk': 'a.txt' } },
  { text: 'COPY dl/m.py x', tree: { x: 'src/m.py' } },
  { text: 'COPY src/to t', tree: { t: 'src/m.py' } },
  { text: 'COPY empty e', tree: { e: 'folder' } },
  { text: 'COPY empty/ e/f/', tree: { e: 'folder', 'e/f': 'folder' } },
  { text: 'COPY a.txt .', tree: { 'a.txt': 'a.txt' } },
  { text: 'COPY a.txt new/b', tree: { new: 'folder', 'new/b': 'a.txt' } },
  { text: 'COPY a.txt /abs/b', tree: { '/abs': 'folder', '/abs/b': 'a.txt' } },
  {
    text: 'COPY a.txt b.txt /abs/',
    tree: { '/abs': 'folder', '/abs/a.txt': 'a.txt', '/abs/b.txt': 'b.txt' },
  },
  {
    text: 'COPY ["a.txt", "b.txt", "d e/"]',
    tree: { 'd e': 'folder', 'd e/a.txt': 'a.txt', 'd e/b.txt': 'b.txt' },
  },
  { text: 'COPY --link a.txt d/', tree: { d: 'folder', 'd/a.txt': 'a.txt' } },
  { text: 'COPY --chown=1000:1000 a.txt d/', tree: { d: 'folder', 'd/a.txt': 'a.txt' } },
  { text: 'COPY --chmod=755 a.txt x', tree: { x: 'a.txt 755' } },
  { text: 'COPY --chmod=0600 a.txt x', tree: { x: 'a.txt 600' } },
  { text: 'ARG M=u+x\nCOPY --chmod=$M a.txt x', tree: { x: 'a.txt 744' } },
  { text: 'COPY --chmod=a-x run.sh x', tree: { x: 'run.sh' } },
  {
    text: 'COPY --chmod=755 src s/',
    tree: { ...srcIn('s'), 's/m.py': 'src/m.py 755', 's/sub/n.py': 'src/sub/n.py 755' },
  },
  {
    text: 'COPY --chmod=a+rX,go-w run.sh a.txt d/',
    tree: { d: 'folder', 'd/run.sh': 'run.sh 755', 'd/a.txt': 'a.txt' },
  },
  {
    text: 'COPY --parents src/./sub/n.py q/',
    tree: { q: 'folder', 'q/sub': 'folder', 'q/sub/n.py': 'src/sub/n.py' },
  },
  {
    text: 'COPY --parents src/sub/n.py q/',
    tree: { q: 'folder', 'q/src': 'folder', 'q/src/sub': 'folder', 'q/src/sub/n.py': 'src/sub/n.py' },
  },
  {
    text: 'COPY --parents **/*.py q/',
    tree: {
      q: 'folder',
      'q/src': 'folder',
      'q/src/m.py': 'src/m.py',
      'q/src/sub': 'folder',
      'q/src/sub/n.py': 'src/sub/n.py',
    },
  },
  {
    text: 'COPY --parents a.txt src/m.py q/',
    tree: { q: 'folder', 'q/a.txt': 'a.txt', 'q/src': 'folder', 'q/src/m.py': 'src/m.py' },
  },
  { text: 'COPY --exclude=sub src g/', tree: { g: 'folder', 'g/m.py': 'src/m.py', 'g/to': '-> m.py' } },
  {
    text: 'COPY --exclude=**/n.py src f/',
    tree: { f: 'folder', 'f/m.py': 'src/m.py', 'f/sub': 'folder', 'f/to': '-> m.py' },
  },
  {
    text: 'COPY --exclude=*.txt --exclude=src --exclude=dl . .',
    tree: { empty: 'folder', lnk: '-> a.txt', 'run.sh': 'run.sh 755' },
  },
  {
    text: 'COPY ../a.txt /b.txt e//f//',
    tree: { e: 'folder', 'e/f': 'folder', 'e/f/a.txt': 'a.txt', 'e/f/b.txt': 'b.txt' },
  },
  { text: 'COPY src/. d', tree: srcIn('d') },
  { text: 'COPY "a.txt" \'b.txt\' d/', tree: { d: 'folder', 'd/a.txt': 'a.txt', 'd/b.txt': 'b.txt' } },
  { text: 'COPY a.txt x\nCOPY b.txt x', tree: { x: 'b.txt' } },
  { text: 'WORKDIR a\nWORKDIR ../b\nCOPY a.txt .', tree: { a: 'folder', b: 'folder', 'b/a.txt': 'a.txt' } },
  {
    text: 'ENV D=/w\nWORKDIR $D/in\nCOPY a.txt ./',
    tree: { '/w': 'folder', '/w/in': 'folder', '/w/in/a.txt': 'a.txt' },
  },
  { text: 'WORKDIR "a b"\nCOPY a.txt .', tree: { 'a b': 'folder', 'a b/a.txt': 'a.txt' } },
  { text: 'WORKDIR /tmp/w\nCOPY a.txt .', tree: { '/tmp/w': 'folder', '/tmp/w/a.txt': 'a.txt' } },
  { text: 'COPY . .\nCOPY a.txt dl/', tree: { ...EVERYTHING, 'src/a.txt': 'a.txt' } },
  { text: 'COPY . .\nCOPY empty dl/new', tree: { ...EVERYTHING, 'src/new': 'folder' } },
  {
    text: 'COPY . .\nWORKDIR dl/deep\nCOPY b.txt .',
    tree: { ...EVERYTHING, 'src/deep': 'folder', 'src/deep/b.txt': 'b.txt' },
  },
  { text: 'COPY . .\nCOPY b.txt lnk', tree: { ...EVERYTHING, 'a.txt': 'b.txt' } },
  {
    text: 'COPY a.txt b.txt d/\nCOPY src d',
    tree: { ...srcIn('d'), 'd/a.txt': 'a.txt', 'd/b.txt': 'b.txt' },
  },
  {
    text: 'VOLUME /data\nUSER nobody\nEXPOSE 80\nLABEL a=b\nSTOPSIGNAL 9\nHEALTHCHECK NONE\nCMD ["x"]\nENTRYPOINT y\nCOPY a.txt .',
    tree: { 'a.txt': 'a.txt' },
  },
  // What of the context stays out.
  {
    text: 'COPY . .',
    ignore: '*\n!src\nsrc/**/*.py\n',
    tree: { src: 'folder', 'src/sub': 'folder', 'src/to': '-> m.py' },
  },
  { text: 'COPY . .', ignore: '**\n!a.txt\n', tree: { 'a.txt': 'a.txt' } },
  {
    text: 'COPY . .',
    ignore: '# c\n*.txt\n!b.txt\nsrc\ndl\nlnk\n',
    tree: { 'b.txt': 'b.txt', empty: 'folder', 'run.sh': 'run.sh 755' },
  },
  {
    text: 'COPY . .',
    ignore: '*\n!src/sub/n.py\n',
    tree: { src: 'folder', 'src/sub': 'folder', 'src/sub/n.py': 'src/sub/n.py' },
  },
  {
    text: 'COPY . .',
    ignore: '/src\n./dl\nempty/\n[ax]*\nlnk\n',
    tree: { 'b.txt': 'b.txt', 'run.sh': 'run.sh 755' },
  },
  { text: 'COPY src d', ignore: '**/*.py\n', tree: { d: 'folder', 'd/sub': 'folder', 'd/to': '-> m.py' } },
  { text: 'COPY src d', ignore: 'sub\nm.py\n', tree: srcIn('d') },
  { text: 'COPY src d', ignore: '*/sub\n', tree: { d: 'folder', 'd/m.py': 'src/m.py', 'd/to': '-> m.py' } },
  // Contents that stand in the Dockerfile.
  { text: 'COPY <<EOF a.ini\nline\nEOF', tree: { 'a.ini': 'line\n' } },
  { text: 'COPY <<EOF d/\nx\nEOF', tree: { d: 'folder', 'd/EOF': 'x\n' } },
  { text: 'COPY <<A <<B d/\na\nA\nb\nB', tree: { d: 'folder', 'd/A': 'a\n', 'd/B': 'b\n' } },
  { text: 'COPY <<-EOF f\n\ttabbed\n\tEOF', tree: { f: 'tabbed\n' } },
  {
    text: 'ENV V=v W=foo\nCOPY <<EOF f\n$V ${U:-d} ${W%oo} \\$ \\\\ \\n "q" \'s\' `b`\nEOF',
    tree: { f: 'v d f $ \\ n "q" \'s\' `b`\n' },
  },
  { text: "ENV V=v\nCOPY <<'EOF' f\n$V \\n\nEOF", tree: { f: '$V \\n\n' } },
  { text: 'COPY --chmod=755 <<EOF go.sh\n#!/bin/sh\nEOF', tree: { 'go.sh': '#!/bin/sh\n 755' } },
  { text: 'COPY <<EOF a.txt d/\nx\nEOF', tree: { d: 'folder', 'd/EOF': 'x\n', 'd/a.txt': 'a.txt' } },
  { text: 'COPY <<EOF f\nEOF', tree: { f: '' } },
  { text: 'COPY <<EOF f\nline\r\nEOF', tree: { f: 'line\r\n' } },
  {
    text: 'COPY <<EOF f\n# no comment\n\n  x\nEOF\nCOPY a.txt .',
    tree: { f: '# no comment\n\n  x\n', 'a.txt': 'a.txt' },
  },
  { text: 'ADD <<EOF f\nx\nEOF', tree: { f: 'x\n' } },
  { text: 'ADD a.txt src d/', tree: { ...srcIn('d'), 'd/a.txt': 'a.txt' } },
  // Stages.
  {
    text: 'FROM python:3.11 AS one\nWORKDIR /o\nCOPY . .\nFROM python:3.11\nWORKDIR /srv/exp\nCOPY --from=one /o/lnk l\nCOPY --from=0 /o/src d\nCOPY --from=ONE /o/*.sh .\n',
    tree: { l: 'a.txt', ...srcIn('d'), 'run.sh': 'run.sh 755' },
  },
  {
    text: 'FROM python:3.11 AS one\nONBUILD ENV A=1\nONBUILD COPY a.txt /x\nFROM one\nENV B=$A\n',
    env: { A: '1', B: '1' },
    tree: { '/x': 'a.txt' },
  },
  { text: 'FROM python:3.11 AS one\nONBUILD ENV A=1\n', env: {} },
  {
    text: 'FROM python:3.11 AS one\nWORKDIR /srv/exp\nCOPY a.txt .\nFROM one AS two\nCOPY b.txt .\nFROM two\nCOPY run.sh r\n',
    tree: { 'a.txt': 'a.txt', 'b.txt': 'b.txt', r: 'run.sh 755' },
  },
  {
    text: 'FROM python:3.11 AS one\nCOPY a.txt /o/\nFROM scratch\nCOPY --from=one /o /\n',
    tree: { '/a.txt': 'a.txt' },
  },
];

/** Files that BuildKit refuses, with what it says. */
export const REFUSED: Form[] = [
  { text: 'ENV A="${X:?is needed}"', refused: 'X: is needed' },
  { text: 'ENV A=${X!y}', refused: 'unsupported modifier (!) in substitution' },
  {
    text: 'COPY "my file.txt" d/',
    refused: 'unexpected end of statement while looking for matching double-quote',
  },
  { text: 'COPY <<EOF f\nnever ended\n', refused: 'unterminated heredoc' },
  { text: 'FETCH x', refused: 'unknown instruction: FETCH' },
  { text: 'FROM python:3.11 AS First\nFROM First\n', refused: 'must be lowercase' },
  { text: 'COPY a.txt', refused: 'COPY requires at least two arguments' },
  { text: 'ENV A', refused: 'ENV must have two arguments' },
  { text: 'ENV', refused: 'ENV requires at least one argument' },
  { text: 'WORKDIR', refused: 'WORKDIR requires exactly one argument' },
  { text: 'COPY --mode=1 a.txt b', refused: 'unknown flag: --mode' },
  { text: 'RUN --mounts=x true', refused: 'unknown flag: --mounts' },
  { text: 'COPY absent.txt d/', refused: '"/absent.txt": not found' },
  { text: 'COPY --from=nobody/none:1 /x /y', refused: 'nobody/none:1' },
  { text: 'ONBUILD FROM x', refused: "FROM isn't allowed as an ONBUILD trigger" },
  { text: 'SHELL /bin/bash -c', refused: 'SHELL requires the arguments to be in JSON form' },
  { text: 'COPY --chmod=nine a.txt b', refused: 'invalid syntax' },
  { text: 'FROM python:3.11 AS a b\n', refused: 'FROM requires either one or three arguments' },
  { text: 'FROM python:3.11 AS 1a\n', refused: 'invalid name for build stage: "1a"' },
  { text: 'ENV A="b', refused: 'unexpected end of statement while looking for matching double-quote' },
  { text: '# nothing\n', refused: 'file with no instructions' },
  { text: '# nothing\nARG A=1\n', refused: 'dockerfile contains no stages to build' },
  { text: '# nothing\nENV A=1\n', refused: 'no build stage in current context' },
  { text: '# nothing\nENV A=1\nFROM python:3.11\n', refused: 'no build stage in current context' },
  { text: '# nothing\nno dockerfile at all\n', refused: 'unknown instruction: ' },
  { text: 'FROM python:3.11\nENV A=1\n', target: 'none', refused: 'target stage "none" could not be found' },
];

import type { Form } from '../form.ts';

/** RUN: conditions. */
const CONDITIONS: Form[] = [
  {
    text: 'ARG GPU=0\nRUN if [ "$GPU" = 1 ]; then pip install toml; else pip install six; fi',
    installs: ['six'],
  },
  {
    text: 'ARG GPU=0\nRUN if [ "$GPU" = 1 ]; then pip install toml; else pip install six; fi',
    args: { GPU: '1' },
    installs: ['toml'],
  },
  {
    text: 'ARG M=b\nRUN if [ $M = a ]; then pip install a; elif [ $M = b ]; then pip install b; else pip install c; fi',
    installs: ['b'],
  },
  { text: 'ARG EXTRA\nRUN if [ -n "$EXTRA" ]; then pip install $EXTRA; fi', installs: [] },
  { text: 'ARG EXTRA\nRUN [ -z "$EXTRA" ] || pip install $EXTRA', args: { EXTRA: 'x y' }, installs: ['x y'] },
  {
    text: 'RUN if [ "$(uname -m)" = x86_64 ]; then pip install x; else pip install other; fi',
    installs: ['x'],
  },
  {
    text: 'ARG TARGETARCH\nRUN if [ "$TARGETARCH" = "amd64" ]; then pip install amd; else pip install arm; fi',
    installs: ['amd'],
  },
  {
    text: 'RUN if command -v nvidia-smi > /dev/null 2>&1; then pip install gpu; else pip install cpu; fi',
    installs: ['cpu'],
  },
  { text: 'RUN which nvidia-smi && pip install gpu || pip install cpu', installs: ['cpu'] },
  {
    text: 'ARG D=cuda\nRUN case "$D" in cuda*) pip install gpu ;; cpu|none) pip install cpu ;; *) exit 1 ;; esac',
    installs: ['gpu'],
  },
  {
    text: 'RUN [ -f requirements.txt ] && pip install -r requirements.txt || pip install none',
    installs: ['six torch'],
  },
  { text: 'RUN test -e nothing && pip install a; pip install b', installs: ['b'] },
  { text: 'RUN ! test -d lib || pip install lib', installs: ['lib'] },
  { text: 'RUN if [ -d lib -a ! -e none ]; then pip install both; fi', installs: ['both'] },
  { text: 'RUN if [ 3 -gt 2 ] && [ "a" != "b" ]; then pip install both; fi', installs: ['both'] },
  { text: 'RUN pip install broken || pip install six', installs: ['six'] },
  {
    text: 'RUN pip install broken 2>/dev/null || (pip install one && pip install two)',
    installs: ['one', 'two'],
  },
  { text: 'RUN if ! pip install broken; then pip install six; fi', installs: ['six'] },
  { text: 'RUN set -e; if false; then :; fi; pip install six', installs: ['six'] },
  {
    text: 'RUN set -eux; (cd reqs && pip install -r cpu.txt); true && { pip install toml; } || pip install iniconfig',
    installs: ['six', 'toml'],
  },
  { text: 'RUN false || true; pip install a && false || pip install b', installs: ['a', 'b'] },
  { text: 'RUN true && false; pip install after', installs: ['after'] },
];

/** Words of the shell. */
const WORDS: Form[] = [
  { text: 'ENV OPTS="--no-deps --no-cache-dir"\nRUN pip install $OPTS six', installs: ['six'] },
  { text: 'ARG NONE\nRUN pip install $NONE six "$NONE"toml', installs: ['six toml'] },
  { text: 'RUN for f in reqs/*.txt; do pip install -r $f; done', installs: ['six', 'toml'] },
  { text: 'RUN for p in six toml; do pip install "$p"; done', installs: ['six', 'toml'] },
  { text: 'RUN PIP="pip install"; $PIP six', installs: ['six'] },
  {
    text: 'RUN retry() { for i in 1 2 3; do "$@" && return 0; done; return 1; }; retry pip install six',
    installs: ['six'],
  },
  { text: 'RUN x=$(cat reqs/cpu.txt) && pip install "$x"', installs: ['six'] },
  { text: 'RUN pip install `cat reqs/cpu.txt` $(cat reqs/gpu.txt)', installs: ['six toml'] },
  { text: 'RUN pip install "six>=1" \'toml<2\'', installs: ['six>=1 toml<2'] },
  {
    text: 'RUN pip install six \\\n    # a comment\n    toml \\\n\n    iniconfig',
    installs: ['six toml iniconfig'],
  },
  { text: 'RUN ["pip", "install", "six", "$HOME"]', installs: ['six $HOME'] },
  { text: 'RUN ["/bin/sh", "-c", "pip install six && pip install toml"]', installs: ['six', 'toml'] },
  {
    text: 'RUN pip install six; pip3 install toml; python -m pip install a; python3 -m pip install b',
    installs: ['six', 'toml', 'a', 'b'],
  },
  { text: 'RUN V=1.2.3; pip install a==${V%.*} b==${V##*.}', installs: ['a==1.2 b==3'] },
  { text: "RUN pip install $(printf 'a b')", installs: ['a b'] },
  {
    text: 'RUN set -- six toml; pip install "$@"; shift; pip install $1 $#',
    installs: ['six toml', 'toml 1'],
  },
  { text: 'RUN pip install a;pip install b&&pip install c', installs: ['a', 'b', 'c'] },
  { text: 'RUN (pip install a; exit 0) && pip install b', installs: ['a', 'b'] },
  { text: 'RUN i=0; while [ $i -lt 2 ]; do i=$((i+1)); pip install p$i; done', installs: ['p1', 'p2'] },
  { text: 'RUN until pip install six; do sleep 1; done', installs: ['six'] },
];

/** Variables reach installers. */
const PASSED: Form[] = [
  { text: 'ENV MARK=1\nRUN pip install six', installs: ['six MARK=1'] },
  { text: 'ARG MARK=1\nRUN pip install six', installs: ['six MARK=1'] },
  { text: 'ARG MARK=1\nRUN pip install six', args: { MARK: '2' }, installs: ['six MARK=2'] },
  { text: 'RUN export MARK=1 && pip install six', installs: ['six MARK=1'] },
  { text: 'RUN MARK=1 pip install six && pip install toml', installs: ['six MARK=1', 'toml'] },
  { text: 'RUN MARK=1; pip install six', installs: ['six'] },
  { text: 'RUN env MARK=1 pip install six', installs: ['six MARK=1'] },
  { text: 'RUN MARK="a b" sh -c "pip install six"', installs: ['six MARK=a b'] },
  { text: 'ENV MARK=1\nRUN unset MARK; pip install six', installs: ['six'] },
  { text: 'ENV MARK=1\nRUN MARK= pip install six', installs: ['six'] },
  { text: 'RUN set -a; MARK=1; pip install six', installs: ['six MARK=1'] },
];

/** Redirections, pipes, input. */
const STREAMS: Form[] = [
  {
    text: 'RUN grep -v torch requirements.txt > /tmp/r.txt && pip install -r /tmp/r.txt && rm /tmp/r.txt',
    installs: ['six'],
  },
  { text: 'RUN grep -v torch requirements.txt | pip install -r /dev/stdin', installs: ['six'] },
  { text: 'RUN xargs pip install < reqs/cpu.txt', installs: ['six'] },
  { text: 'RUN cat reqs/*.txt | xargs -n1 pip install', installs: ['six', 'toml'] },
  { text: 'RUN cat reqs/cpu.txt | while read p; do pip install "$p"; done', installs: ['six'] },
  {
    text: 'RUN while read p; do pip install "$p" < /dev/null; done < requirements.txt',
    installs: ['six', 'torch'],
  },
  {
    text: 'SHELL ["/bin/bash", "-c"]\nRUN pip install -r <(grep -v torch requirements.txt)',
    installs: ['six'],
  },
  {
    text: 'SHELL ["/bin/bash", "-euo", "pipefail", "-c"]\nRUN a=(six toml); pip install "${a[@]}"; [[ -f a.txt ]] && pip install c',
    installs: ['six toml', 'c'],
  },
  { text: 'RUN bash -lc "a=(x y); pip install \\${a[1]}"', installs: ['y'] },
  {
    text: 'RUN sed -i /torch/d requirements.txt && pip install -r requirements.txt',
    installs: ['six'],
    tree: { 'requirements.txt': 'six\n' },
  },
  {
    text: 'RUN echo six > n.txt; echo toml >> n.txt; pip install -r n.txt',
    installs: ['six toml'],
    tree: { 'n.txt': 'six\ntoml\n' },
  },
  { text: 'RUN tee n.txt < reqs/cpu.txt', tree: { 'n.txt': 'six\n' } },
  { text: 'RUN <<EOF\npip install six\npip install toml\nEOF', installs: ['six', 'toml'] },
  { text: 'RUN <<EOF\nset -e\ncd reqs\necho $PWD > where\nEOF', tree: { 'reqs/where': '/srv/exp/reqs\n' } },
  { text: "RUN <<'EOF' cat > f\n$HOME\nEOF", tree: { f: '$HOME\n' } },
  { text: 'RUN <<EOF > out\necho never > made\nEOF', tree: { out: '' } },
  { text: 'RUN cat 3<<EOF <&3 > f\nFROM y\nEOF', tree: { f: 'FROM y\n' } },
  { text: 'RUN cat <<A > f && cat <<B > g\na\nA\nb\nB', tree: { f: 'a\n', g: 'b\n' } },
  { text: 'RUN <<EOF\n#!/bin/bash\na=(p q)\necho ${a[1]} > f\nEOF', tree: { f: 'q\n' } },
];

/** Files and their modes. */
/** Changes to folders that this machine has too: nothing of it changes, and the image has them. */
const SYSTEM: Form[] = [
  {
    text: 'COPY go.sh /usr/local/bin/aichor-go\nRUN chmod 700 /usr/local/bin/aichor-go | cat',
    tree: { '/usr/local/bin/aichor-go': '#!/bin/sh\necho went > went\n 700' },
  },
  {
    text: 'RUN echo six | tee /etc/aichor-a /usr/local/bin/aichor-b && chmod 700 /usr/local/bin/aichor-b',
    tree: { '/etc/aichor-a': 'six\n', '/usr/local/bin/aichor-b': 'six\n 700' },
  },
  {
    text: 'RUN mkdir -p /usr/local/share/aichor && echo x | cat > /usr/local/share/aichor/f && ln -s ../local/share/aichor/f /usr/bin/aichor-l\nRUN echo y >> /usr/bin/aichor-l; rm -f /usr/bin/aichor-none',
    tree: {
      '/usr/local/share/aichor': 'folder',
      '/usr/local/share/aichor/f': 'x\ny\n',
      '/usr/bin/aichor-l': '-> ../local/share/aichor/f',
    },
  },
];

const FILES: Form[] = [
  { text: 'RUN mkdir -p d/e && touch d/f', tree: { d: 'folder', 'd/e': 'folder', 'd/f': '' } },
  { text: 'RUN mkdir {a,b}', tree: { '{a,b}': 'folder' } },
  { text: 'SHELL ["/bin/bash", "-c"]\nRUN mkdir {p,q}', tree: { p: 'folder', q: 'folder' } },
  { text: "RUN echo 'a\\tb' > f; echo -e x > g", tree: { f: 'a\tb\n', g: '-e x\n' } },
  { text: 'RUN echo a &> f; true', tree: { f: '' } },
  { text: 'RUN printf "%s-" a b > f', tree: { f: 'a-b-' } },
  {
    text: 'RUN chmod +x go.sh && ./go.sh',
    tree: { 'go.sh': '#!/bin/sh\necho went > went\n 755', went: 'went\n' },
  },
  {
    text: 'RUN chmod -R go= lib',
    tree: {
      lib: 'folder 700',
      'lib/m.py': 'lib/m.py 600',
      'lib/sub': 'folder 700',
      'lib/sub/n.py': 'lib/sub/n.py 600',
    },
  },
  {
    text: 'RUN chmod 755 go.sh && sed -i s/went/gone/ go.sh',
    tree: { 'go.sh': '#!/bin/sh\necho gone > went\n 755' },
  },
  {
    text: 'RUN umask 077 && touch p && mkdir q && install -m 754 a.txt i',
    tree: { p: ' 600', q: 'folder 700', i: 'a.txt 754' },
  },
  {
    text: 'RUN ln -s a.txt l && ln a.txt h && ln -s lib/ ld && ln -s none broken',
    tree: { l: '-> a.txt', h: 'a.txt', ld: '-> lib/', broken: '-> none' },
  },
  { text: 'RUN rm a.txt && mkdir a.txt', tree: { 'a.txt': 'folder' } },
  {
    text: 'RUN rm -r lib && touch lib',
    tree: { lib: '', 'lib/m.py': null, 'lib/sub': null, 'lib/sub/n.py': null },
  },
  {
    text: 'RUN rm -rf lib && mkdir lib && touch lib/z',
    tree: { 'lib/m.py': null, 'lib/sub': null, 'lib/sub/n.py': null, 'lib/z': '' },
  },
  { text: 'RUN mv b.txt a.txt', tree: { 'a.txt': 'b.txt', 'b.txt': null } },
  {
    text: 'RUN mv lib moved',
    tree: {
      lib: null,
      'lib/m.py': null,
      'lib/sub': null,
      'lib/sub/n.py': null,
      moved: 'folder',
      'moved/m.py': 'lib/m.py',
      'moved/sub': 'folder',
      'moved/sub/n.py': 'lib/sub/n.py',
    },
  },
  {
    text: 'RUN cp -a lib copy && cp lib/m.py c',
    tree: {
      copy: 'folder',
      'copy/m.py': 'lib/m.py',
      'copy/sub': 'folder',
      'copy/sub/n.py': 'lib/sub/n.py',
      c: 'lib/m.py',
    },
  },
  { text: 'RUN cp -p b.txt a.txt', tree: { 'a.txt': 'b.txt' } },
  { text: 'RUN find . -name "*.py" -delete', tree: { 'lib/m.py': null, 'lib/sub/n.py': null } },
  {
    text: 'RUN find lib -type f -exec chmod 600 {} +',
    tree: { 'lib/m.py': 'lib/m.py 600', 'lib/sub/n.py': 'lib/sub/n.py 600' },
  },
  { text: 'RUN d=$(mktemp -d) && echo x > $d/f && cp $d/f got && rm -r $d', tree: { got: 'x\n' } },
  {
    text: 'RUN tar -cf l.tar lib && mkdir u && tar -C u -xf l.tar && rm l.tar',
    tree: {
      u: 'folder',
      'u/lib': 'folder',
      'u/lib/m.py': 'lib/m.py',
      'u/lib/sub': 'folder',
      'u/lib/sub/n.py': 'lib/sub/n.py',
    },
  },
  {
    text: 'RUN echo a > "a b" && echo b > -- && echo c > ./-x',
    tree: { 'a b': 'a\n', '--': 'b\n', '-x': 'c\n' },
  },
  { text: 'RUN trap "echo bye > t" EXIT; true', tree: { t: 'bye\n' } },
  {
    text: 'RUN for i in 1 2; do for j in a b; do echo $i$j >> l; [ $j = a ] && break; done; done',
    tree: { l: '1a\n2a\n' },
  },
  {
    text: 'RUN id -u > u; pwd > w; echo $HOME $0 > h; umask > m',
    tree: { u: '0\n', w: '/srv/exp\n', h: '/root /bin/sh\n', m: '0022\n' },
  },
  { text: 'RUN cat > i; echo $# > n', tree: { i: '', n: '0\n' } },
  { text: 'RUN cd lib\nRUN pwd > w', tree: { w: '/srv/exp\n' } },
  {
    text: 'RUN echo 1 > x\nRUN echo 2 >> x\nRUN rm a.txt\nRUN mkdir a.txt',
    tree: { x: '1\n2\n', 'a.txt': 'folder' },
  },
  { text: 'RUN rm -rf x && mkdir x\nRUN rm -r x\nCOPY a.txt x', tree: { x: 'a.txt' } },
  { text: 'COPY a.txt x\nRUN rm x && mkdir x\nCOPY a.txt x', tree: { x: 'folder', 'x/a.txt': 'a.txt' } },
  {
    text: 'RUN echo new > a.txt\nCOPY b.txt a.txt\nRUN cat a.txt > seen',
    tree: { 'a.txt': 'b.txt', seen: 'b.txt' },
  },
  {
    text: 'RUN mkdir real && ln -s real ln\nCOPY a.txt ln/\nCOPY lib ln',
    tree: {
      real: 'folder',
      ln: '-> real',
      'real/a.txt': 'a.txt',
      'real/m.py': 'lib/m.py',
      'real/sub': 'folder',
      'real/sub/n.py': 'lib/sub/n.py',
    },
  },
  {
    text: 'RUN mkdir -p /w/real && ln -s /w/real /w/ln\nWORKDIR /w/ln\nCOPY a.txt .\nRUN pwd -P > p',
    tree: {
      '/w': 'folder',
      '/w/real': 'folder',
      '/w/ln': '-> /w/real',
      '/w/real/a.txt': 'a.txt',
      '/w/real/p': '/w/real\n',
    },
  },
  { text: 'RUN echo a > r \\\\\nCOPY a.txt again', tree: { r: 'a \\\n', again: 'a.txt' } },
  {
    text: 'RUN mkdir checkpoints logs && rmdir empty 2>/dev/null; ls -d */ > l',
    tree: { checkpoints: 'folder', logs: 'folder', l: 'checkpoints/\nempty/\nlib/\nlogs/\nreqs/\n' },
  },
  {
    text: 'RUN touch -d 2001-01-01 a.txt && chmod 600 a.txt && cp -p a.txt c',
    tree: { 'a.txt': 'a.txt 600', c: 'a.txt 600' },
  },
  {
    text: 'RUN truncate -s 0 a.txt && test ! -s a.txt && echo empty > e',
    tree: { 'a.txt': '', e: 'empty\n' },
  },
  {
    text: 'RUN --mount=type=bind,source=reqs,target=/m cat /m/cpu.txt > got && pip install -r /m/gpu.txt',
    tree: { got: 'six\n' },
    installs: ['toml'],
  },
  { text: 'RUN --mount=type=cache,target=/var/cache/pip pip install six', installs: ['six'] },
  {
    text: 'RUN --mount=type=secret,id=t if [ -s /run/secrets/t ]; then pip install with; else pip install without; fi',
    installs: ['without'],
  },
  { text: 'ENV A=1\nRUN echo $A > e; A=2; echo $A >> e\nRUN echo $A >> e', tree: { e: '1\n2\n1\n' } },
];

/** Files with several stages. */
const STAGES: Form[] = [
  {
    text: 'FROM python:3.11 AS one\nRUN mkdir -p /l && echo x > /l/l.txt\nFROM python:3.11\nWORKDIR /srv/exp\nCOPY --from=one /l ./\nCOPY --from=one /l/l.txt again\n',
    tree: { 'l.txt': 'x\n', again: 'x\n' },
  },
  {
    text: 'FROM python:3.11 AS one\nRUN mkdir -p /o && echo a > /o/f && ln -s f /o/ln\nFROM python:3.11\nWORKDIR /srv/exp\nCOPY --from=one /o/ln one\nCOPY --from=one /o two\n',
    tree: { one: 'a\n', two: 'folder', 'two/f': 'a\n', 'two/ln': '-> f' },
  },
  {
    text: 'FROM python:3.11 AS one\nRUN echo six > /r.txt\nFROM python:3.11\nWORKDIR /srv/exp\nRUN --mount=type=bind,from=one,source=/r.txt,target=/m/r.txt pip install -r /m/r.txt\n',
    installs: ['six'],
  },
  {
    text: 'FROM python:3.11 AS one\nRUN echo six | cat > /r.txt\nFROM python:3.11\nWORKDIR /srv/exp\nRUN --mount=type=bind,from=one,source=/r.txt,target=/m/r.txt pip install -r /m/r.txt\n',
    installs: ['six'],
  },
  {
    text: 'COPY requirements.txt /tmp/r.txt\nRUN pip install -r /tmp/r.txt && rm /tmp/r.txt',
    tree: {},
    installs: ['six torch'],
  },
  { text: 'RUN echo six > r.in && pip install -r r.in\nRUN rm r.in', tree: {}, installs: ['six'] },
  {
    text: 'RUN mkdir /r && echo six > /r/a.txt && pip install -r /r/a.txt && rm -rf /r',
    tree: {},
    installs: ['six'],
  },
  // The outer shell puts its own variables in first.
  {
    text: 'RUN bash <<EOT\nfor p in six toml; do echo "[$p]" >> got; done\nEOT',
    tree: { got: '[]\n[]\n' },
  },
  {
    text: 'RUN <<"EOT" bash\nfor p in six toml; do echo "[$p]" >> got; done\nEOT',
    tree: { got: '[six]\n[toml]\n' },
  },
  {
    text: 'FROM python:3.11 AS one\nWORKDIR /srv/exp\nONBUILD RUN echo $A > b\nFROM one\nRUN echo 1 > a\n',
    tree: { a: '1\n', b: '\n' },
  },
  {
    text: 'FROM python:3.11 AS First\nRUN mkdir -p /l && touch /l/l.txt\nFROM python:3.11\nCOPY --from=FIRST /l /srv/exp/m\n',
    tree: { m: 'folder', 'm/l.txt': '' },
  },
  // What the built stage is not made of is not even looked at.
  {
    text: 'FROM python:3.11 AS one\nWORKDIR /srv/exp\nFROM python:3.11 AS tests\nCOPY nothing.txt .\nRUN pip install toml && false\nFROM one\nRUN pip install six\n',
    installs: ['six'],
  },
];

export const RUNS: Form[] = [...CONDITIONS, ...WORDS, ...PASSED, ...STREAMS, ...FILES, ...SYSTEM, ...STAGES];

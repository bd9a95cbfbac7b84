import { describe, expect, test } from 'vitest';
import { readImage, type Image, type ImageRequest } from '../../../src/dockerfile/image.ts';
import { neededStages } from '../../../src/dockerfile/needed-stages.ts';
import { readInstructions } from '../../../src/dockerfile/syntax/instruction.ts';
import { contextFiles, ImageTree } from '../../../src/dockerfile/tree/image-tree.ts';
import { environmentLinks } from '../../../src/dockerfile/run/made-environment.ts';
import { optionWords } from '../../../src/dockerfile/run/options.ts';

const CONTEXT = [
  'data/x.csv',
  'main.py',
  'pyproject.toml',
  'requirements.txt',
  'src/a.py',
  'src/lib/b.py',
  'uv.lock',
].map((path) => ({ path, kind: 'file' as const, executable: false }));

async function image(text: string, more: Partial<ImageRequest> = {}): Promise<Image> {
  return readImage({
    text,
    buildArgs: {},
    target: null,
    context: CONTEXT,
    ignore: null,
    ...more,
  });
}

/** As an editor of Windows saves it, and what is read of it. */
function utf16(text: string): string {
  return Buffer.from(`\uFEFF${text}`, 'utf16le').toString('utf8');
}

async function installs(text: string, more: Partial<ImageRequest> = {}): Promise<string[]> {
  return (await image(text, more)).installs.map(({ kind, verb, options, folder, output }) =>
    [kind, ...verb, ...optionWords(options), `@${folder}`, ...(output === null ? [] : [`>${output}`])].join(
      ' ',
    ),
  );
}

const files = async (text: string, more: Partial<ImageRequest> = {}) =>
  Object.fromEntries(contextFiles((await image(text, more)).tree));

describe('COPY and ADD', () => {
  test.each([
    ['COPY main.py /app/', { '/app/main.py': 'main.py' }],
    ['COPY main.py /app/run.py', { '/app/run.py': 'main.py' }],
    ['WORKDIR /app\nCOPY main.py .', { '/app/main.py': 'main.py' }],
    ['WORKDIR /app\nWORKDIR x\nCOPY main.py ./', { '/app/x/main.py': 'main.py' }],
    ['RUN mkdir -p /app\nCOPY main.py /app', { '/app/main.py': 'main.py' }],
    [
      'COPY main.py requirements.txt /a/',
      { '/a/main.py': 'main.py', '/a/requirements.txt': 'requirements.txt' },
    ],
    ['COPY src /app', { '/app/a.py': 'src/a.py', '/app/lib/b.py': 'src/lib/b.py' }],
    ['ADD ./src/ /app/src/', { '/app/src/a.py': 'src/a.py', '/app/src/lib/b.py': 'src/lib/b.py' }],
    // What a pattern finds is copied as if it were named: the content of folders.
    ['COPY src/* /app/', { '/app/a.py': 'src/a.py', '/app/b.py': 'src/lib/b.py' }],
    ['COPY *.toml uv.lock* missing* /a/', { '/a/pyproject.toml': 'pyproject.toml', '/a/uv.lock': 'uv.lock' }],
    ['COPY ["main.py", "/a b/"]', { '/a b/main.py': 'main.py' }],
    ['COPY --parents src/lib/b.py /app/', { '/app/src/lib/b.py': 'src/lib/b.py' }],
    ['COPY --exclude=**/b.py src /app', { '/app/a.py': 'src/a.py' }],
    ['COPY --chown=1000:1000 --chmod=755 main.py /', { '/main.py': 'main.py' }],
    ['ARG WHERE=/opt\nENV SUB=x\nCOPY main.py $WHERE/${SUB}/', { '/opt/x/main.py': 'main.py' }],
  ])('%s', async (text, expected) => expect(await files(`FROM python\n${text}\n`)).toEqual(expected));

  test('the last of several at one path stays', async () => {
    expect(await files('FROM x\nCOPY main.py /a\nCOPY src/a.py /a\n')).toEqual({ '/a': 'src/a.py' });
  });

  test('what .dockerignore leaves out is not there', async () => {
    const ignore = 'src/*\n!src/lib\ndata\n*.toml\n';
    expect(Object.keys(await files('FROM x\nCOPY . /app\n', { ignore }))).toEqual([
      '/app/main.py',
      '/app/requirements.txt',
      '/app/src/lib/b.py',
      '/app/uv.lock',
    ]);
  });

  test('from a stage: its files, and what its commands have installed', async () => {
    const text = [
      'FROM ghcr.io/astral-sh/uv:python3.12-bookworm-slim AS Builder',
      'WORKDIR /app',
      'COPY . .',
      'RUN uv sync --locked',
      'FROM debian:bookworm-slim',
      'COPY --from=builder --chown=app:app /app /srv/app',
      'WORKDIR /srv/app',
    ].join('\n');
    const read = await image(text);
    expect(contextFiles(read.tree).get('/srv/app/src/lib/b.py')).toBe('src/lib/b.py');
    expect(read).toMatchObject({ workdir: '/srv/app', copies: true, python: '3.12', notHonoured: [] });
    expect(await installs(text)).toEqual(['sync --locked @/app']);
  });

  test('a source that is not there is told with its line', async () => {
    const text = 'FROM x\nCOPY main.py gone.txt /a/\nCOPY none* /a/\n';
    expect((await image(text)).missing).toEqual([{ line: 2, path: 'gone.txt' }]);
  });

  test.each([
    ['ADD https://example.org/x.py /app/', 'ADD https://example.org/x.py'],
    ['COPY --from=nvidia/cuda:12 /usr/bin/ptxas /usr/bin/', 'COPY --from=nvidia/cuda:12'],
  ])('%s is not honoured', async (text, what) =>
    expect((await image(`FROM python\n${text}\n`)).notHonoured).toEqual([{ line: 2, what }]),
  );

  test('uv’s own image is no matter', async () => {
    const text = 'FROM python:3.12\nCOPY --from=ghcr.io/astral-sh/uv:0.5.1 /uv /uvx /bin/\n';
    expect(await image(text)).toMatchObject({ notHonoured: [], missing: [], copies: false });
  });
});

describe('install lines', () => {
  test.each([
    ['RUN uv sync --locked --no-dev', ['sync --locked --no-dev @/']],
    [
      'WORKDIR /app\nRUN pip install --no-cache-dir -r requirements.txt',
      ['pip --no-cache-dir -r requirements.txt @/app'],
    ],
    ['RUN pip install "a>=1,<2" \'b[x]==1\'', ['pip a>=1,<2 b[x]==1 @/']],
    [
      'RUN pip3.11 install a && python3 -m pip install b; /opt/venv/bin/pip install c',
      ['pip a @/', 'pip b @/', 'pip c @/'],
    ],
    ['RUN pip install --upgrade pip setuptools', ['pip --upgrade setuptools @/']],
    ['RUN pip install -U pip uv && pip cache purge', []],
    [
      'RUN apt-get update && apt-get install -y gcc \\\n  # a compiler\n  && pip install a \\\n     b \\\n && rm -rf /var/lib/apt/lists/*',
      ['pip a b @/'],
    ],
    [
      'RUN --mount=type=cache,target=/cache/uv \\\n    --mount=type=bind,source=uv.lock,target=uv.lock \\\n    uv sync --frozen',
      ['sync --frozen @/'],
    ],
    ['RUN <<EOF\nset -e\ncd /srv\npip install a\nEOF', ['pip a @/srv']],
    ['RUN ["pip", "install", "a"]', ['pip a @/']],
    ['RUN ["/bin/sh", "-c", "pip install a"]', ['pip a @/']],
    [
      'ARG V=1.2\nRUN pip install torch==${V} --index-url=https://x.test/cpu',
      ['pip torch==1.2 --index-url https://x.test/cpu @/'],
    ],
    [
      'RUN uv pip install --system -r pyproject.toml --extra gpu',
      ['pip --system -r pyproject.toml --extra gpu @/'],
    ],
    ['RUN uv pip sync requirements.txt', ['pip -r requirements.txt @/']],
    [
      'RUN uv export --no-dev > /tmp/req.txt && uv pip install -r /tmp/req.txt',
      ['write export --no-dev @/ >/tmp/req.txt', 'pip -r /tmp/req.txt @/'],
    ],
    ['RUN cd /app && pip install . && cd / && pip install -e /lib', ['pip . @/app', 'pip -e /lib @/']],
    ['COPY uv.lock ./\nRUN if [ -f uv.lock ]; then uv sync --locked; else uv sync; fi', ['sync --locked @/']],
    ['RUN if [ ! -f uv.lock ]; then uv sync --locked; else uv sync; fi', ['sync --locked @/']],
    ['RUN if [ -f uv.lock ]; then uv sync --locked; else uv sync; fi', ['sync @/']],
    ['RUN PIP_NO_CACHE_DIR=1 pip install a 2>/dev/null', ['pip a @/']],
    ['RUN python -m venv /opt/venv && . /opt/venv/bin/activate && pip install a', ['pip a @/']],
    ['RUN curl -LsSf https://example.org/get-pip.py | sh && uv venv && uv sync', ['sync @/']],
    ['RUN # pip install never\nRUN echo "pip install never"', []],
  ])('%s', async (text, expected) => expect(await installs(`FROM python\n${text}\n`)).toEqual(expected));

  test.each([
    [
      'RUN git clone https://x.test/apex && cd apex && pip install -v ./',
      'git clone https://x.test/apex && cd apex && pip install -v …',
    ],
    [
      'RUN cat requirements.txt | pip install -r /dev/stdin',
      'cat requirements.txt | pip install -r /dev/stdin',
    ],
    ['RUN pip install $(cat requirements.txt)', 'pip install $(cat requirements.txt)'],
    ['RUN f() { pip install six; }; f', 'f() { pip install six; }; f'],
    [
      'RUN pip install nothing-of-this-name || pip install six',
      'pip install nothing-of-this-name || pip install six',
    ],
    ['RUN make all', 'make all'],
  ])('%s needs a shell, and is told without one', async (text, what) => {
    const read = await image(`FROM python\n${text}\n`);
    expect(read.installs).toEqual([]);
    expect(read.unfollowed).toEqual([{ line: 2, what: `RUN ${what}` }]);
  });

  test('a list that is nowhere is the installer’s to complain of', async () => {
    expect(await installs('FROM python\nRUN pip install -r gone.txt "x"\n')).toEqual([
      'pip -r gone.txt x @/',
    ]);
  });

  test('what a bind mount shows is there for the command alone', async () => {
    const text = 'FROM python\nWORKDIR /app\nRUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync\n';
    const read = await image(text);
    expect([...contextFiles(read.sources.get(0) ?? new ImageTree())]).toEqual([['/app/uv.lock', 'uv.lock']]);
    expect(read).toMatchObject({ copies: false });
    expect(contextFiles(read.tree).size).toBe(0);
  });
});

describe('variables', () => {
  test('ENV in both forms; values from before the line; ARG and buildArgs', async () => {
    const text = [
      'ARG BASE=3.10',
      'FROM python:${BASE}-slim',
      'ARG BASE',
      'ARG MODE=slow',
      'ENV A=1 B="two words" C=$A.',
      'ENV OLD the rest of it',
      "ENV D=${A:-x}-${NONE:-y}-${MODE:+z} E=\\$A F='$A'",
      'ENV PATH="/app/.venv/bin:$PATH" GIVEN=$MODE$BASE',
    ].join('\n');
    const read = await image(text, { buildArgs: { MODE: 'fast', UNDECLARED: 'x' } });
    expect(Object.fromEntries(read.env)).toEqual({
      A: '1',
      B: 'two words',
      C: '.',
      OLD: 'the rest of it',
      D: '1-y-z',
      E: '$A',
      F: '$A',
      PATH: '/app/.venv/bin:$PATH',
      GIVEN: 'fast3.10',
    });
    expect(read.python).toBe('3.10');
  });

  test('an argument without a value is empty, and an image from one is what buildArgs say', async () => {
    expect((await image('ARG V\nFROM python:$V', { buildArgs: { V: '3.12' } })).python).toBe('3.12');
  });
});

describe('a base that is known', () => {
  test('a stage without a WORKDIR of its own works in the base’s folder', async () => {
    const text = 'FROM pytorch/pytorch:2.4.0\nCOPY main.py .\nWORKDIR src\nCOPY uv.lock ./';
    const { workdir, tree, environments } = await image(text);
    expect(workdir).toBe('/workspace/src');
    expect(contextFiles(tree)).toEqual(
      new Map([
        ['/workspace/main.py', 'main.py'],
        ['/workspace/src/uv.lock', 'uv.lock'],
      ]),
    );
    expect([...environments]).toEqual(['/opt/conda']);
  });

  test('an earlier stage hands it on, and a base of somebody’s own says nothing', async () => {
    const handed = await image('FROM pytorch/pytorch AS base\nFROM base\nCOPY main.py .');
    expect([...contextFiles(handed.tree).keys()]).toEqual(['/workspace/main.py']);
    const own = await image('FROM team/base:1\nCOPY main.py .');
    expect([own.workdir, [...own.environments]]).toEqual(['/', []]);
  });

  test('an environment in the base’s own stands beside it', async () => {
    const text = 'FROM continuumio/miniconda3\nCOPY . /app\nRUN /opt/conda/envs/x/bin/pip install six';
    expect([...(await image(text)).environments]).toEqual(['/opt/conda/envs/x', '/opt/conda']);
  });
});

test('what a base image brings and is not here is told by its line, of stages that count', async () => {
  const text = [
    'FROM team/unknown:1 AS unused',
    'FROM node:20 AS ui',
    'FROM vllm/vllm-openai:v0.6.3',
    'COPY --from=ui /dist /dist',
    'RUN pip install six',
  ].join('\n');
  expect((await image(text)).notHonoured).toEqual([
    { line: 3, what: expect.stringMatching(/^FROM vllm\/vllm-openai:v0\.6\.3 .*pip install vllm==0\.6\.3/) },
  ]);
});

test.each([
  [
    'FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nRUN apt-get install -y python3.12\nRUN pip install six',
    '3.12',
  ],
  ['FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nRUN pip install six', '3.10'],
  // The image's own comes first in its PATH.
  ['FROM python:3.12\nRUN apt-get install -y python3.11-dev && pip install six', '3.12'],
  ['FROM ghcr.io/astral-sh/uv:python3.12-bookworm\nRUN apt-get install -y python3.11', '3.12'],
  ['FROM pytorch/pytorch:2.5.1-cuda12.4\nRUN apt-get install -y python3.9', '3.11'],
  ['FROM python:3.12\nRUN apt-get install -y python3.11 && uv venv --python 3.13', '3.13'],
  ['FROM ubuntu:22.04\nRUN echo "apt-get install python3.8" > README', '3.10'],
  ['FROM debian\nENV UV_PYTHON=3.11\nRUN uv pip install six', '3.11'],
  [
    'ARG P=3.9\nFROM continuumio/miniconda3 AS one\nARG P\nRUN conda create -n x python=$P\nRUN pip install six\nFROM ubuntu:20.04\nCOPY --from=one /opt/conda /opt/conda',
    '3.9',
  ],
  // Of what Python conda is made, is not known; the system's has nothing to do with it.
  [
    'FROM continuumio/miniconda3 AS one\nRUN pip install six\nFROM ubuntu:20.04\nCOPY --from=one /opt/conda /opt/conda',
    null,
  ],
])('the Python of what is installed: %s', async (text, python) => {
  expect((await image(text)).python).toBe(python);
});

test('variables that a known base has are put in', async () => {
  const text = 'FROM mambaorg/micromamba:2\nENV CODE=/home/$MAMBA_USER/code\nCOPY main.py $CODE/';
  expect(await files(text)).toEqual({ '/home/mambauser/code/main.py': 'main.py' });
});

test.each([
  ['COPY requirements.txt /tmp/r.txt\nRUN pip install -r /tmp/r.txt && rm /tmp/r.txt', ['/tmp/r.txt']],
  [
    'COPY requirements.txt /tmp/\nRUN pip install -r /tmp/requirements.txt\nRUN rm -rf /tmp/*',
    ['/tmp/requirements.txt'],
  ],
  ['RUN mkdir /r && echo six > /r/a && pip install -r /r/a && rm -r /r', ['/r/a']],
  ['COPY src /p/src\nRUN pip install /p && rm -rf /p', ['/p/src/a.py', '/p/src/lib/b.py']],
  ['COPY src /p/src\nRUN rm -rf /p/src && pip install /q', []],
  ['COPY src /p/src\nRUN pip install six && rm -rf /p', []],
])('an install reads what a later command takes away: %s', async (lines, expected) => {
  const { tree, sources } = await image(`FROM python:3.11\n${lines}`);
  const paths = (of: Iterable<[string, { kind: string }]>) =>
    [...of].filter(([, { kind }]) => kind === 'file').map(([path]) => path);
  expect(paths(tree.entries())).toEqual([]);
  expect(paths(sources.get(0)?.entries() ?? [])).toEqual(expected);
});

test('what a stage lacks is lacking where its files are mounted', async () => {
  const text =
    'FROM python:3 AS w\nRUN pip wheel -w /wheels six\nFROM python:3\nRUN --mount=type=bind,from=w,source=/wheels,target=/wheels pip install --no-index -f /wheels six';
  expect((await image(text)).unfollowed.map(({ line }) => line)).toContain(2);
});

// Each held against all others, they would take minutes.
test('of very many environments those that lie in another are found', () => {
  const inner = Array.from({ length: 100_000 }, (_, index) => `/opt/conda/envs/e${index}`);
  const links = environmentLinks(new Set([...inner, '/opt/conda', '/opt/con']));
  expect(links.filter(({ part }) => part === null).map(({ path }) => path)).toEqual([
    '/opt/con',
    ...inner.toSorted(),
  ]);
  expect(links[1]).toEqual({ path: '/opt/conda/bin', part: 'bin' });
});

// A quadratic reader would take minutes, far beyond the limit of a test.
test('of very many environments of conda some are known, of a text that grows without end its beginning', async () => {
  const homes = Array.from({ length: 2000 }, (_, index) => `/a${index}/conda/bin`).join(':');
  const lines = Array.from({ length: 900 }, (_, index) => `ENV PATH=/x${index}:$A`).join('\n');
  expect((await image(`FROM a\nENV A=${homes}\n${lines}`)).environments.size).toBeGreaterThan(10);
  const long = `FROM a\nENV A=${'x'.repeat(100_000)}\nRUN echo ${'$A'.repeat(8000)}`;
  await expect(image(long)).resolves.toBeDefined();
});

test('of what an installation reads and a later line removes an extra is no part, however it is written', async () => {
  const brackets = JSON.stringify(`./${'['.repeat(240_000)}\n`);
  const text = `FROM a\nCOPY . .\nRUN ["pip", "install", ${brackets}]\nRUN rm -rf data src`;
  await expect(image(text)).resolves.toBeDefined();
});

test('who puts an environment of conda on the PATH has it, whatever line makes it', async () => {
  const text = 'FROM continuumio/miniconda3\nENV PATH=/opt/conda/envs/exp/bin:/usr/games:$PATH\nCOPY . /app';
  expect([...(await image(text)).environments]).toEqual(['/opt/conda/envs/exp', '/opt/conda']);
});

describe('stages', () => {
  const text = 'FROM python:3.9 AS base\nENV A=1\nFROM base AS dev\nENV A=2\nFROM base AS prod\nENV A=3\n';

  test.each([
    [null, '3'],
    ['dev', '2'],
    ['DEV', '2'],
    ['base', '1'],
  ])('target %s', async (target, value) => {
    const read = await image(text, { target });
    expect(read.env.get('A')).toBe(value);
    expect(read.python).toBe('3.9');
  });

  test.each([
    ['', 1, 'file with no instructions'],
    ['# only a comment\n', 1, 'file with no instructions'],
    ['ARG A=1', 1, 'contains no stages'],
    ['\nnot a dockerfile at all\nnor this', 2, 'unknown instruction: NOT'],
    ['RUN pip install x\nRUN true', 1, 'RUN stands before the first FROM'],
    [utf16('FROM python:3.11\nRUN pip install x\n'), 1, 'not text in UTF-8'],
    [Buffer.from('\u007FELF\u0002\u0001\0\0FROM\n\0\n', 'latin1').toString(), 1, 'not text in UTF-8'],
  ])('a text without a stage is refused, in one place: %j', async (text, line, what) => {
    const { refused, installs, copies } = await image(text);
    expect(refused).toEqual([{ line, what: expect.stringContaining(what) }]);
    expect([installs, copies]).toEqual([[], false]);
  });
});

test('a Dockerfile as `local-repo init` writes it has nothing to be said of', async () => {
  const text = [
    'FROM python:3.11-slim-bookworm',
    'COPY --from=astral/uv:0.9 /uv /uvx /bin/',
    'RUN apt-get update \\',
    '    && apt-get install --yes --no-install-recommends wget \\',
    '    && rm -rf /var/lib/apt/lists/*',
    'ENV UV_PROJECT_ENVIRONMENT=/usr/local UV_COMPILE_BYTECODE=1',
    'RUN useradd --create-home --uid 1000 app',
    'WORKDIR /app',
    'COPY pyproject.toml uv.lock* ./',
    'RUN --mount=type=cache,target=/cache/uv \\',
    '    if [ -f uv.lock ]; then uv sync --locked --no-dev; else uv sync --no-dev; fi',
    'COPY --chown=app:app . .',
    'ENV PATH="/app/.venv/bin:$PATH"',
    'USER app',
  ].join('\n');
  const read = await image(text);
  expect(read).toMatchObject({ notHonoured: [], unfollowed: [], refused: [], missing: [] });
  expect(await installs(text)).toEqual(['sync --locked --no-dev @/app']);
});

test('system packages are told by line, users and what is no matter to a process are not', async () => {
  const text = [
    'FROM python',
    'RUN apt-get update && apt-get install -y --no-install-recommends git curl && rm -rf /var/lib/apt/lists/*',
    'RUN useradd app && mkdir -p /app && chown -R app /app',
    'USER app',
    'EXPOSE 80',
    'LABEL a=b',
    'HEALTHCHECK CMD true',
    'VOLUME /data',
    'CMD ["python"]',
  ].join('\n');
  expect(await image(text)).toMatchObject({
    notHonoured: [{ line: 2, what: 'RUN apt-get install git' }],
    unfollowed: [],
  });
});

test('line ends, byte order marks and an escape directive of Windows are understood', async () => {
  const text = '\uFEFF# escape=`\r\nFROM python\r\nRUN pip install a `\r\n  b\r\nWORKDIR /app\r\n';
  expect(await installs(text)).toEqual(['pip a b @/']);
  expect((await image(text)).workdir).toBe('/app');
});

test.each([
  ['SHELL ["/bin/zsh","-l","-c"]\nRUN pip install $OPTS six', true],
  ['SHELL ["/usr/bin/python3","-c"]\nRUN pip install six', true],
  ['SHELL ["/bin/bash","-lc"]\nRUN pip install six', false],
  ['SHELL ["/bin/bash","-o","pipefail","-c"]\nRUN pip install six', false],
  ['SHELL ["conda","run","-n","x","/bin/bash","-c"]\nRUN pip install six', false],
  ['SHELL ["/bin/sh","-f","-c"]\nRUN pip install six', true],
  ['RUN ["zsh","-c","pip install six"]', true],
])('whose words are read without a shell: %s', async (text, isUnfollowed) => {
  expect((await image(`FROM python\n${text}`)).unfollowed.length > 0).toBe(isUnfollowed);
});

// Looked back from each letter to the first one, it would take minutes.
test('options of a shell are read however long they are', async () => {
  const shell = JSON.stringify(['bash', `-${'c'.repeat(200_000)}`, '-c']);
  const runs = 'RUN pip install six\n'.repeat(20);
  expect((await image(`FROM python\nSHELL ${shell}\n${runs}`)).installs).toHaveLength(20);
});

test('a shell that stops at failures does so from the beginning', async () => {
  const [install] = (
    await image('FROM python\nSHELL ["/bin/bash","-ec"]\nRUN pip install six; pip install toml')
  ).installs;
  expect(install?.mayFail).toBe(undefined);
});

describe('stages', () => {
  const SWITCH = [
    'ARG DEVICE=cpu',
    'FROM python:3.11 AS base-cpu',
    'RUN pip install six',
    'FROM python:3.11 AS base-gpu',
    'RUN pip install toml | cat',
    'FROM base-${DEVICE} AS tests',
    'COPY nothing.txt /',
    'FROM base-${DEVICE}',
    'COPY --from=0 /x /y',
  ].join('\n');

  test.each([
    [{}, ['pip six @/'], []],
    [{ DEVICE: 'gpu' }, ['pip six @/'], [5]],
  ])('those that nothing is made of are not followed: %o', async (buildArgs, installed, unfollowed) => {
    expect(await installs(SWITCH, { buildArgs })).toEqual(installed);
    const seen = await image(SWITCH, { buildArgs });
    expect(seen.unfollowed.map(({ line }) => line)).toEqual(unfollowed);
    expect(seen.missing).toEqual([]);
  });

  const REQUEST = { global: new Map(), buildArgs: {}, target: null };
  const OTHER = 'FROM python:3.11 AS other\nRUN pip install six\n';

  test.each([
    [
      'done for who begins with a stage before it',
      `FROM python AS a\nONBUILD COPY --from=other /x /y\n${OTHER}FROM a`,
      true,
    ],
    ['named in quotes', `${OTHER}FROM python\nRUN --mount=type=bind,"from=other",target=/m ls`, true],
    [
      'named in quotes for others',
      `${OTHER}FROM python AS a\nONBUILD RUN --mount=type=bind,"from=other",target=/m ls\nFROM a`,
      true,
    ],
    ['named by a variable', `${OTHER}FROM python\nENV A=x\nENV A=other B=$A\nCOPY --from=$A /x /y`, true],
    [
      'not named: a variable stands elsewhere',
      `${OTHER}FROM python\nRUN --mount=type=cache,target=$HOME ls`,
      false,
    ],
    ['not named by who only has it done', `${OTHER}FROM python AS a\nONBUILD COPY --from=other /x /y`, false],
    [
      'called as every object has something',
      'ARG constructor=other\n' + OTHER + 'FROM ${constructor} AS a\nFROM ${constructor%x}',
      true,
    ],
  ])('one is needed or not that is %s', (_, text, isNeeded) => {
    const other = text
      .split('\n')
      .filter((line) => line.startsWith('FROM'))
      .findIndex((line) => line.endsWith('AS other'));
    expect(neededStages(readInstructions(text), REQUEST).has(other)).toBe(isNeeded);
  });

  // Copied for each stage, the variables would take minutes.
  test('very many stages on one with very many variables are found', async () => {
    const values = Array.from({ length: 25_000 }, (_, index) => `${index.toString(36)}=1`).join(' ');
    const stages = Array.from({ length: 990 }, (_, index) => `FROM s${index} AS s${index + 1}`);
    const instructions = readInstructions(['FROM x AS s0', `ENV ${values}`, ...stages].join('\n'));
    for (let time = 0; time < 20; time += 1) expect(neededStages(instructions, REQUEST).size).toBe(991);
  });

  test('what is mounted from one, copied by its number, or done for whoever begins with it counts', async () => {
    const text = [
      'FROM python:3.11 AS one',
      'RUN echo six > /r.txt',
      'FROM python:3.11 AS two',
      'RUN echo 2 > /two',
      'FROM python:3.11 AS three',
      'ONBUILD COPY --from=one /r.txt /r3.txt',
      'FROM three',
      'RUN --mount=type=bind,from=one,source=/r.txt,target=/m.txt pip install -r /m.txt',
      'COPY --from=1 /two /got',
    ].join('\n');
    const { tree, unfollowed } = await image(text);
    expect([...tree.paths()].filter((path) => path !== '/')).toEqual(['/r3.txt', '/got']);
    expect(unfollowed).toEqual([]);
  });
});

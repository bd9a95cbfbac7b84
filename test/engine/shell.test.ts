import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { RUN_LIMITS } from '../../src/engines/local/build/shell/limits.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { createHouse, jobset, type House, type Submission } from './house.ts';
import { projectFiles, realPython, smallUvShell } from './small-uv.ts';

const entrance = await findEntrance(process.env, userInfo());

let house: House;
let shell: Record<string, string>;
beforeAll(async () => {
  house = await createHouse();
  shell = await smallUvShell(house.folder);
});
afterAll(() => house.leave());

/** A package of one module, which says what a variable was when it was installed. */
function distribution(name: string): Record<string, string> {
  const files = projectFiles(name, '1.0', `[("${name}.py", "FLAG = %r" % os.environ.get("FLAG"))]`);
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${name}/${path}`, text]));
}

const FILES = {
  ...distribution('one'),
  ...distribution('two'),
  'main.py': '',
  'cpu.txt': './one\n',
  'gpu.txt': './two\n',
};
const INSTALLED =
  "python -c \"import importlib.util as u; print(*[n for n in ('one', 'two') if getattr(u.find_spec(n), 'origin', None)])\"";

async function run(lines: string, command = INSTALLED, more: Partial<Submission> = {}) {
  const files = {
    ...FILES,
    ...more.files,
    Dockerfile: `FROM python\nWORKDIR /srv/aichor-shell\nCOPY . .\n${lines}\n`,
  };
  const experiment = await house.submit({ ...jobset(command), shell, ...more, files });
  const build = await experiment.build();
  const facts: ExperimentFact[] = [];
  const context = { ...(await experiment.context()), build, admitted: planPeak(experiment.plan) };
  for await (const fact of house.engine.run(context)) facts.push(fact);
  const printed = `${await experiment.printed('worker-0-0')}${await experiment.printed('worker-0-0', 'stderr')}`;
  return { build, printed, notices: build.notices.map(({ message }) => message) };
}

describe.runIf(entrance)('RUN lines by a real shell', { timeout: 60_000 }, () => {
  test.each([
    ['ARG GPU=0\nRUN if [ "$GPU" = 1 ]; then pip install ./two; else pip install ./one; fi', 'one'],
    ['RUN if [ "$(uname -s)" = Linux ]; then pip install ./one; else pip install ./two; fi', 'one'],
    ['RUN pip install ./nothing-there || pip install ./one', 'one'],
    ['RUN install() { pip install "$@"; }; install ./two', 'two'],
    ['RUN grep -v nothing cpu.txt > /tmp/r.txt && pip install -r /tmp/r.txt && rm /tmp/r.txt', 'one'],
    ['RUN cat gpu.txt | pip install -r -', 'two'],
    ['RUN xargs pip install < cpu.txt', 'one'],
    ['RUN set -ex; (pip install ./one); true && { pip install ./two; } || false', 'one two'],
    ['RUN ls -d one two | while read f; do pip install ./$f; done', 'one two'],
    ['SHELL ["/bin/bash", "-c"]\nRUN pip install -r <(cat cpu.txt)', 'one'],
    [
      'RUN python -m venv /opt/aichor-venv && . /opt/aichor-venv/bin/activate && pip install $(cat cpu.txt)',
      'one',
    ],
    ['RUN python3 -m pip install $(echo ./one)', 'one'],
    ['RUN /opt/conda/bin/pip install $(echo ./one)', 'one'],
    ['RUN /opt/conda/bin/python -m pip install ./one', 'one'],
    ['ENV CONDA_DIR=/opt/miniconda3\nRUN $CONDA_DIR/bin/pip install $(echo ./one)', 'one'],
    ['RUN . /opt/conda/etc/profile.d/conda.sh && conda activate train && pip install ./one', 'one'],
    ['RUN . ~/miniconda3/bin/activate && pip install ./one && conda run -n x pip install ./two', 'one two'],
    ['RUN /opt/conda/envs/train/bin/python -m pip install $(echo ./one)', 'one'],
    [
      'RUN /opt/conda/bin/pip install ./one | cat\nENV PATH=/opt/conda/envs/train/bin:/opt/conda/bin:$PATH\nRUN /opt/conda/bin/pip install $(echo ./two) && /opt/conda/envs/train/bin/python -c "import one"',
      'one two',
    ],
    ['RUN echo $(echo /srv/aichor-shell/two) > /tmp/a && pip install -r /tmp/a', 'two'],
  ])('%s', async (lines, expected) => {
    const { printed, notices } = await run(lines);
    expect(printed).toBe(expected);
    expect(notices).toEqual([]);
  });

  test('a folder below /usr is a folder like others', async () => {
    const lines = [
      'WORKDIR /usr/src/aichor-shell',
      'COPY . .',
      'RUN for f in cpu.txt; do pip install -r $f; done; ls > there',
      'RUN echo /usr/src/aichor-shell/two > $(echo more.txt) && pip install -r more.txt',
    ].join('\n');
    const built = async (files: Record<string, string>) => {
      const { build, printed, notices } = await run(lines, `${INSTALLED}; grep -c two there`, { files });
      expect(notices).toEqual([]);
      return [build.message.startsWith('environment built'), printed];
    };
    expect(await built({ 'ids.ipynb': '6' })).toEqual([true, 'one two\n1']);
    expect(await built({ 'ids.ipynb': '7' })).toEqual([false, 'one two\n1']);
  });

  test.each([
    ['SHELL ["/bin/bash", "--login", "-c"]\nRUN apt-get update && pip install $(cat cpu.txt)', 'one'],
    ['RUN bash -lc "pip install ./one && printenv ONE_OF_AICHOR || pip install ./two"', 'one two'],
    ['SHELL ["conda", "run", "-n", "mine", "/bin/bash", "-c"]\nRUN pip install $(cat cpu.txt)', 'one'],
    [
      'SHELL ["conda", "run", "--no-capture-output", "-n=mine", "/bin/sh", "-c"]\nRUN pip install ./two',
      'two',
    ],
    [
      'RUN micromamba run -n base pip install ./one && mamba run -p /opt/x python -m pip install ./two',
      'one two',
    ],
    ['RUN poetry run pip install ./one; pipenv run -- pip install ./two', 'one two'],
    ['RUN poetry -C one run pip install . && pdm -p one run pip install ./two', 'one two'],
    ['RUN eval "$(conda shell.bash hook)" && conda activate mine && pip install $(cat cpu.txt)', 'one'],
  ])('what a program runs is run: %s', async (lines, expected) => {
    const { printed, notices } = await run(lines);
    expect(printed).toBe(expected);
    expect(notices).toEqual([]);
  });

  test('conda has its own folder also where an environment lies in it', async () => {
    const lines =
      'ENV PATH=/opt/conda/envs/train/bin:/opt/conda/bin:$PATH\nRUN conda create -n other && /opt/conda/bin/pip install $(echo ./one)';
    const { printed } = await run(
      lines,
      'for p in /opt/conda /opt/conda/envs/train /opt/conda/envs/other; do $p/bin/python -c "import one; print(one.FLAG)"; done',
    );
    expect(printed).toBe('None\nNone\nNone');
  });

  test('the Python that the system’s packages would bring goes by its names, and pip by its path', async () => {
    const lines = [
      'FROM ubuntu:24.04',
      'WORKDIR /srv/aichor-shell',
      'COPY . .',
      'RUN apt-get install -y python3.99 && ln -s /usr/bin/python3.99 /usr/local/bin/py',
      'RUN python3.99 -m pip install $(echo ./one) && /usr/bin/pip3 install ./two && /usr/bin/python3.99 -m pip --version && py -c "import one"',
    ].join('\n');
    const { printed, notices } = await run(lines);
    expect(printed).toBe('one two');
    expect(notices).toContainEqual(expect.stringContaining('the image has Python 3.99'));
  });

  test('what an earlier line would have made is lacking, and no mistake', async () => {
    const clone = 'RUN git clone --depth 1 https://nowhere.invalid/x /opt/aichor-x';
    const more = 'RUN pip install -e /opt/aichor-x\nRUN pip install $(echo ./one)';
    const { printed, notices } = await run(`${clone}\n${more}`);
    expect(printed).toBe('one');
    expect(notices).toContainEqual(
      expect.stringMatching(/line 4 RUN git clone .*; line 5 RUN pip install \(without \/opt\/aichor-x/),
    );
  });

  test('without uv what it would write is told, not taken for an empty file', async () => {
    const withUv = (folder: string) => existsSync(`${folder}/uv`);
    const path = (process.env['PATH'] ?? '').split(':').filter((folder) => !withUv(folder));
    const lines = 'RUN uv export | cat > r.txt && uv pip install -r r.txt\nRUN pip install $(echo ./one)';
    const more = { shell: { ...shell, PATH: path.join(':') } };
    const { printed, notices } = await run(lines, INSTALLED, more);
    expect(printed).toBe('one');
    expect(notices).toContainEqual(expect.stringMatching(/line 4 RUN uv export \(uv is not in PATH/));
  });

  test('an editable installation leaves no build folder, an ordinary one does', async () => {
    const builds = (name: string) =>
      Object.entries(projectFiles(name, '1.0', '[(os.makedirs("build/lib") or "x.txt", "")]')).map(
        ([path, text]) => [`${name}/${path}`, text],
      );
    const files = Object.fromEntries([...builds('three'), ...builds('four')]);
    const { printed } = await run(
      'RUN pip install -e ./three && pip install $(echo ./four)',
      'find three four -name build',
      { files },
    );
    expect(printed).toBe('four/build');
  });

  test('Poetry and Pipenv install what their own locks say', async () => {
    const folder = `${house.folder}/tools`;
    await mkdir(folder, { recursive: true });
    const tool = (lock: string) =>
      `#!/bin/sh\ncase "$*" in\n  install*) exec uv pip install --python "$VIRTUAL_ENV/bin/python" $(cat ${lock}) ;;\n  *export*) cat ${lock}; echo; echo "$POETRY_REPOSITORIES_OURS"; exit ;;\nesac\nexit 7\n`;
    await writeFile(`${folder}/poetry`, tool('poetry.lock'), { mode: 0o755 });
    await writeFile(`${folder}/pipenv`, tool('Pipfile.lock'), { mode: 0o755 });
    const files = { 'poetry.lock': './one', 'Pipfile.lock': './two' };
    const more = { files, shell: { ...shell, PATH: `${folder}:${shell['PATH']}` } };
    const installs = async (lines: string, command?: string) => {
      const { printed, notices } = await run(lines, command, more);
      return [printed, notices];
    };
    expect(await installs('RUN pip install -U poetry && poetry install --no-root')).toEqual(['one', []]);
    expect(await installs('RUN pipenv install --system --deploy')).toEqual(['two', []]);
    expect(await installs('RUN poetry export -f requirements.txt > r.txt && pip install -r r.txt')).toEqual([
      'one',
      [],
    ]);
    const told =
      'RUN poetry config -- repositories.ours ./two\nRUN poetry export > r.txt; pip install -r r.txt';
    expect(await installs(told)).toEqual(['one two', []]);
    const inProject = 'RUN poetry config virtualenvs.in-project true\nRUN poetry install';
    expect(await installs(inProject, '.venv/bin/python -c "import one; print(1)"')).toEqual(['1', []]);
    const said = `RUN printf '[virtualenvs]\\nin-project = true\\n' > poetry.toml && poetry install`;
    expect(await installs(said, '.venv/bin/python -c "import one; print(1)"')).toEqual(['1', []]);
    await expect(installs('RUN poetry update')).rejects.toThrow(/poetry.* ended with exit code 7/);
    const [, notices] = await installs(
      'RUN pip install poetry==0.0.1\nRUN T=secret; poetry install --directory https://me:$T@host/',
    );
    expect(notices).toEqual([
      expect.stringMatching(/line 5 .*poetry install \(poetry cannot be installed\)/),
    ]);
  });

  test('what they do to the files is what the pods have', async () => {
    const lines =
      'RUN sed -i s/a/b/ conf && chmod u=rwx,go= go.sh && ln -s conf link && mkdir -p d/e && rm gone && echo $(echo made) > d/made && mv old new';
    const files = { conf: 'a\n', 'go.sh': '#!/bin/sh\ncat conf\n', gone: '', old: 'o\n' };
    const command =
      './go.sh; cat link d/made new; ls -d d/e; test -e gone || test -e old || echo gone; stat -c %a go.sh';
    expect((await run(lines, command, { files })).printed).toBe('b\nb\nmade\no\nd/e\ngone\n700');
  });

  test('what a line of one stage made is copied into the next', async () => {
    const lines =
      'RUN mkdir /l && date +%Y > /l/l.txt\nFROM python\nWORKDIR /srv/aichor-shell\nCOPY --from=0 /l/l.txt ./\nCOPY main.py ./';
    expect((await run(lines, 'cat l.txt')).printed).toMatch(/^\d{4}$/);
  });

  test('nothing of this machine changes', async () => {
    const { printed } = await run(
      'RUN echo $(echo x) > /etc/aichor-shell-test && touch /usr/local/aichor-shell-test $HOME/aichor-shell-test',
      'ls /etc/aichor-shell-test /usr/local/aichor-shell-test ~/aichor-shell-test 2>&1 | grep -c No',
    ); // house
    expect(printed).not.toBe('0');
    for (const path of [
      '/etc/aichor-shell-test',
      '/usr/local/aichor-shell-test',
      `${process.env['HOME']}/aichor-shell-test`,
    ])
      expect(existsSync(path)).toBe(false);
  });

  test('what the image’s own shell refuses is done, and said; what fails, fails by line', async () => {
    const { printed, notices } = await run('RUN pip install -r <(cat cpu.txt)');
    expect(printed).toBe('one');
    expect(notices).toEqual([
      expect.stringContaining(
        'line 4 RUN pip install -r <(cat cpu.txt) (the sh of a Debian image refuses it',
      ),
    ]);
    await expect(run('RUN test "$(cat main.py)" = something')).rejects.toThrow(
      /line 4 of the Dockerfile, RUN test .* ended with exit code 1/,
    );
    const conflict = 'RUN echo "Could not resolve dependencies: a needs b" >&2; exit 1';
    await expect(run(conflict)).rejects.toThrow(/ended with exit code 1: Could not resolve dependencies/);
    await expect(run('RUN x=$(echo y); pip install ./nothing-there')).rejects.toThrow(/could not be built/);
  });

  test('system packages are told, and what needs them', async () => {
    const { printed, notices } = await run(
      'RUN apt-get update && apt-get install -y $(echo ffmpeg) && ffmpeg-of-aichor -version; pip install ./one',
    );
    expect(printed).toBe('one');
    expect(notices).toEqual([expect.stringContaining('line 4 RUN apt-get install ffmpeg')]);
    // What one line asked for is no matter of the next.
    const lines = 'RUN apt-get install -y $(echo ffmpeg)\nRUN pip install $(cat cpu.txt)';
    expect((await run(lines)).notices).toEqual([
      'Dockerfile: not done without a container: line 4 RUN apt-get install ffmpeg',
    ]);
  });

  test('an environment is made when a line asks for one, by whatever Python is called python3', async () => {
    const folder = `${house.folder}/manager`;
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}/python3`, `#!/bin/sh\nexec '${await realPython()}' "$@"\n`, { mode: 0o755 });
    const made = async (lines: string) => {
      const path = { shell: { PATH: `${folder}:/usr/bin:/bin`, HOME: house.folder } };
      const { build, printed } = await run(lines, 'cat said', path);
      return [existsSync(`${house.folder}/environments/${String(build.data['image'])}/venv/bin`), printed];
    };
    expect(await made('RUN echo $(echo none) > said')).toEqual([false, 'none']);
    expect(await made('RUN python -c "import sys; print(sys.version_info[0])" > said')).toEqual([true, '3']);
  });

  test('installers of conda, uv and poetry are not fetched; what cannot be reached is told', async () => {
    const installer = 'Miniconda3-latest-Linux-x86_64.sh';
    const lines = [
      `RUN wget -q https://example.org/${installer} && bash ${installer} -b -p /opt/conda && rm ${installer}`,
      'RUN set -e; curl -sSL https://example.org/python-poetry | python3 -; pip install ./one',
      "RUN curl --proto '=https' -LsSf https://example.org/astral.sh/uv/install.sh -o /tmp/i.sh && sh /tmp/i.sh",
      'RUN curl -s -o data.bin http://127.0.0.1:9/data.bin',
      'RUN echo "fatal: unable to access: Could not resolve host: example.org" >&2; exit 128',
      'RUN echo "curl: (6) Could not resolve host: example.org" >&2; echo "tar: not recoverable" >&2; exit 2',
    ];
    const { printed, notices } = await run(lines.join('\n'), `${INSTALLED}; ls -d =https 2>/dev/null`);
    expect(printed).toBe('one');
    expect(notices).toEqual([
      expect.stringMatching(
        /^Dockerfile: not done without a container: line 7 RUN curl .* \(exit code 7 here.* line 8 RUN echo .* \(exit code 128 here: fatal.* line 9 RUN echo .* \(exit code 2 here/,
      ),
    ]);
  });

  test('an installer that is not fetched takes no place but the one it was given', async () => {
    const url = 'https://example.org/astral.sh/uv/install.sh';
    const fetched = [
      `wget -qO- ${url} | sh`,
      `wget -O- ${url} | sh`,
      `wget -q -O - ${url} | sh`,
      `wget ${url} -O/tmp/a.sh && sh /tmp/a.sh`,
      `wget -qO/tmp/b.sh ${url} && sh /tmp/b.sh`,
      `wget -nv -t 3 -T5 -qO /tmp/c.sh ${url} && sh /tmp/c.sh`,
      `wget --output-document=/tmp/d.sh ${url} && sh /tmp/d.sh`,
      `wget -q -P /tmp ${url} && sh /tmp/install.sh && rm /tmp/install.sh`,
      `wget -q ${url}`,
      `curl -LsSf ${url} | sh`,
      `curl -sS -H 'Referer: http://example.org/O' ${url} | sh`,
      `curl -o/tmp/e.sh ${url} && sh /tmp/e.sh`,
      `curl -sSLo/tmp/f.sh ${url} && sh /tmp/f.sh`,
      `curl -m5 -fsSLo /tmp/g.sh ${url} && sh /tmp/g.sh`,
      `curl -sSO --output-dir /tmp ${url} && sh /tmp/install.sh && rm /tmp/install.sh`,
    ];
    const mine = 'echo mine >> said\n';
    const lines = fetched.map((line) => `RUN ${line}`).join('\n');
    const { printed, notices } = await run(lines, 'cat install.sh; ls', { files: { 'install.sh': mine } });
    expect(notices).toEqual([]);
    expect(printed.startsWith(mine)).toBe(true);
    expect(printed.slice(mine.length).split('\n').toSorted()).toEqual(
      ['Dockerfile', 'cpu.txt', 'gpu.txt', 'install.sh', 'main.py', 'one', 'two'].toSorted(),
    );
  });

  test.each([
    ['RUN pip install $(cat which.txt)'],
    ['RUN pip install $(cat which.txt)\nCOPY --chmod=600 which.txt .\nRUN echo $(pwd)'],
    ['RUN --mount=type=bind,source=which.txt,target=/tmp/shown pip install $(cat /tmp/shown)'],
    ['RUN --mount=type=bind,source=.,target=/tmp/all pip install $(cat /tmp/all/which.txt)\nRUN echo $(pwd)'],
    // Whoever moves things may have gone by the names of all.
    ['RUN mv which.txt moved && pip install $(cat moved)', true],
    ['RUN mkdir d && mv which.txt d && mv d e && pip install $(cat e/which.txt) && rm -r e', true],
  ])(
    'followed once for the same files, and again when one that was read is otherwise: %s',
    async (lines, byNames = false) => {
      const built = async (files: Record<string, string>) => {
        const { build, printed } = await run(lines, INSTALLED, { files });
        return [build.message.startsWith('environment built'), printed];
      };
      expect(await built({ 'which.txt': './one' })).toEqual([true, 'one']);
      const more = { 'ids.txt': '7', 'a.ipynb': '{}' };
      expect(await built({ 'which.txt': './one', ...more })).toEqual([byNames, 'one']);
      expect(await built({ 'which.txt': './two' })).toEqual([true, 'two']);
    },
  );

  test.each([
    [
      'RUN python -m venv /opt/aichor-venv && /opt/aichor-venv/bin/pip install $(cat cpu.txt)',
      '/opt/aichor-venv/bin/python -c "import one; print(1)"',
      '1',
    ],
    [
      'RUN uv venv && uv pip install $(cat cpu.txt)',
      '.venv/bin/python -c "import one; print(1)"; source .venv/bin/activate && python -c "import one; print(2)"',
      '1\n2',
    ],
    ['RUN pip install $(cat cpu.txt)', '/usr/local/bin/python -c "import one; print(1)"', '1'],
  ])('paths of the image’s environment are there: %s', async (lines, command, expected) => {
    expect((await run(lines, command)).printed).toBe(expected);
  });

  test.each([
    [
      'RUN echo $(echo waits); sleep 600',
      { seconds: 1 },
      'line 4 of the Dockerfile, RUN echo $(echo waits); sleep 600, was ended: it ran for more than 1s',
    ],
    ['RUN yes $(echo y)', { bytes: 1e6 }, 'RUN yes $(echo y), was ended: it printed more than 1.0 MB'],
    [
      'RUN for n in $(seq 2000); do touch file-$n; done',
      { listBytes: 10_000 },
      'RUN lines of the Dockerfile change more files than can be listed',
    ],
  ])('what takes more than it may is ended, and said: %s', async (lines, more, message) => {
    const engine = house.restarted({ runLimits: { ...RUN_LIMITS, ...more } });
    const files = { ...FILES, Dockerfile: `FROM python\nWORKDIR /srv/aichor-shell\nCOPY . .\n${lines}\n` };
    const experiment = await house.submit({ ...jobset('true'), shell, files });
    await expect(experiment.build(engine)).rejects.toThrow(message);
  });
});

test.each([
  ['RUN pip install --target=/deps ./one', '--target /deps'],
  ['RUN pip install -t /deps ./one', '-t /deps'],
  ['RUN uv pip install --target /deps ./one', '--target /deps'],
  ['RUN pip install --root /deps ./one', '--root /deps'],
])('a folder that packages were to be put into is named: %s', { timeout: 60_000 }, async (line, what) => {
  const { printed, notices } = await run(line);
  expect(printed).toBe('one');
  expect(notices).toEqual([expect.stringContaining(`line 4 RUN pip install ${what} (`)]);
});

describe.runIf(entrance)('what looks like a credential', { timeout: 60_000 }, () => {
  test('reaches the line and the installer, not the log', async () => {
    const Dockerfile = [
      'FROM python AS base',
      'ARG PIP_PASS=hidden-in-a-stage',
      'RUN echo "$PIP_PASS"',
      'FROM python',
      'ARG TOKEN=hidden-as-argument',
      'ENV API_KEY=hidden-as-variable PIP_INDEX_URL=http://me:hidden-in-address@127.0.0.1:9/simple',
      'WORKDIR /srv/aichor-shell',
      'COPY . .',
      'RUN echo "is $TOKEN $API_KEY" && env && FLAG=$TOKEN pip install ./one && echo "${#TOKEN} letters"',
      '',
    ].join('\n');
    const experiment = await house.submit({
      ...jobset('python main.py'),
      shell,
      files: { ...FILES, Dockerfile },
    });
    const build = await experiment.build();
    const log = (await experiment.lines()).map(({ text }) => text).join('\n');
    expect(log).toContain('is *** ***');
    expect(log).toContain('18 letters');
    expect(log).not.toContain('hidden-');
    expect(JSON.stringify(build)).not.toContain('hidden-');
  });
});

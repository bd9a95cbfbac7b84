import { userInfo } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import { createHouse, jobset, type House, type Submission } from './house.ts';
import { projectFiles, smallUvShell } from './small-uv.ts';

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
    ['RUN echo $(echo /srv/aichor-shell/two) > /tmp/a && pip install -r /tmp/a', 'two'],
  ])('%s', async (lines, expected) => {
    const { printed, notices } = await run(lines);
    expect(printed).toBe(expected);
    expect(notices).toEqual([]);
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
    const { existsSync } = await import('node:fs');
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

  test('followed once for the same files, and again when one of them that was read is otherwise', async () => {
    const lines = 'RUN pip install $(cat which.txt)';
    const built = async (files: Record<string, string>) => {
      const { build, printed } = await run(lines, INSTALLED, { files });
      return [build.message.startsWith('environment built'), printed];
    };
    expect(await built({ 'which.txt': './one' })).toEqual([true, 'one']);
    expect(await built({ 'which.txt': './one', 'ids.txt': '7', 'a.ipynb': '{}' })).toEqual([false, 'one']);
    expect(await built({ 'which.txt': './two' })).toEqual([true, 'two']);
  });

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
});

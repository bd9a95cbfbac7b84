import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findEntrance } from '../../src/engines/local/mounts/enter.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import type { ExperimentFact } from '../../src/experiment/event.ts';
import { userInfo } from 'node:os';
import { createHouse, jobset, type House, type Submission, type Submitted } from './house.ts';

const entrance = await findEntrance(process.env, userInfo());

let house: House;
beforeEach(async () => {
  house = await createHouse();
  await mkdir(`${house.folder}/installer`);
  await writeFile(`${house.folder}/installer/uv`, INSTALLER);
  await chmod(`${house.folder}/installer/uv`, 0o755);
});
afterEach(() => house.leave());

/** Goes by uv's name: makes a real environment, says what it was asked, and which files it sees. */
const INSTALLER = `#!/bin/sh
echo "uv $*" >&2
echo "sees $(ls | tr '\\n' ' ')" >&2
case "$1 $2" in
  venv*) for home; do :; done; python3 -m venv --without-pip "$home" ;;
  sync*) python3 -m venv --without-pip "$UV_PROJECT_ENVIRONMENT" ;;
  export*) echo "exported==1" ;;
esac
echo "token $BUILD_TOKEN"
[ -e fail ] && { echo "error: the installer refuses $BUILD_TOKEN" >&2; exit 1; }
exit 0
`;

const shell = () => ({
  PATH: `${house.folder}/installer:${process.env['PATH'] ?? ''}`,
  HOME: house.folder,
});

async function run(experiment: Submitted, engine = house.engine) {
  const build = await experiment.build(engine);
  const facts: ExperimentFact[] = [];
  const context = await experiment.context();
  for await (const fact of engine.run({ ...context, build, admitted: planPeak(experiment.plan) })) {
    if (fact.type === 'failure')
      throw new Error(`${fact.explanation} ${await experiment.printed('worker-0-0', 'stderr')}`);
    facts.push(fact);
  }
  const codes = [...build.notices, ...facts.filter((fact) => fact.type === 'notice')].map(({ code }) => code);
  return { build, codes, facts, printed: await experiment.printed('worker-0-0') };
}

function repository(
  command: string,
  files: Record<string, string>,
  more: Partial<Submission> = {},
): Submission {
  return { ...jobset(command), files, shell: shell(), ...more };
}

async function buildLines(experiment: Submitted): Promise<string[]> {
  return (await experiment.lines()).filter(({ step }) => step === 'build').map(({ text }) => text);
}

describe('a pod’s folder', () => {
  const files = {
    Dockerfile: 'FROM python\nWORKDIR /opt/app\nCOPY src .\nCOPY data/*.txt data/\nENV MODE=fast\n',
    'src/main.py': 'import os; print(sorted(os.listdir(".")), os.environ["MODE"])',
    'data/a.txt': 'a',
    'data/b.bin': 'b',
    'notes.md': 'n',
  };

  test('is laid out as the image would have it', async () => {
    const { printed } = await run(await house.submit(repository('python main.py', files)));
    expect(printed).toBe("['data', 'main.py'] fast");
  });

  test('is the context as it is when the Dockerfile copies nothing', async () => {
    const bare = { ...files, Dockerfile: 'FROM python\nWORKDIR /opt/app\nENV MODE=fast\n' };
    const { printed } = await run(await house.submit(repository('python src/main.py', bare)));
    expect(printed).toContain('notes.md');
  });

  test('leaves out what .dockerignore says', async () => {
    const ignoring = { ...files, '.dockerignore': 'src/secret*\n', 'src/secret.py': '' };
    const { printed } = await run(await house.submit(repository('python main.py', ignoring)));
    expect(printed).not.toContain('secret');
  });

  test('the manifest’s variables beat those of the image', async () => {
    const { printed } = await run(
      await house.submit(repository('python main.py', files, { env: { MODE: 'slow' } })),
    );
    expect(printed).toMatch(/slow$/);
  });

  test('has the contents of archives that ADD names, whatever they are called', async () => {
    await mkdir(`${house.folder}/packed/inner`, { recursive: true });
    await writeFile(`${house.folder}/packed/inner/x.txt`, 'packed');
    const tar = execFileSync('tar', ['-C', `${house.folder}/packed`, '--format=ustar', '-cf', '-', 'inner']);
    const archives = {
      Dockerfile:
        'FROM python\nWORKDIR /app\nADD named.bin plain.tar ./\nADD --unpack=false named.bin kept.bin\n',
      'named.bin': tar.toString('latin1'),
      'plain.tar': 'a text',
    };
    const command = 'ls; cat inner/x.txt plain.tar';
    const { printed } = await run(await house.submit(repository(command, archives)));
    expect(printed).toBe('inner\nkept.bin\nplain.tar\npackeda text');
  });

  test('makes executable what the image makes executable', async () => {
    const script = {
      Dockerfile: 'FROM python\nWORKDIR /app\nCOPY . .\nRUN chmod +x run.sh\n',
      'run.sh': '#!/bin/sh\necho ran\n',
    };
    expect((await run(await house.submit(repository('./run.sh', script)))).printed).toBe('ran');
  });
});

describe('paths of the image', () => {
  const files = {
    Dockerfile: 'FROM python\nWORKDIR /aichor-test-app\nCOPY . .\nENV PYTHONPATH=/aichor-test-app/lib\n',
    'main.py':
      'import os, thing; print(os.getcwd(), thing.VALUE, open("/aichor-test-app/main.py").read()[:6])',
    'lib/thing.py': 'VALUE = 7',
  };

  test.runIf(entrance)('are there where mounts are allowed', async () => {
    const experiment = await house.submit(repository('python /aichor-test-app/main.py', files));
    const { printed, codes } = await run(experiment);
    expect(printed).toBe('/aichor-test-app 7 import');
    expect(codes).not.toContain('image_paths_absent');
  });

  test.runIf(entrance).each([
    ['WORKDIR /, and links to folders', 'WORKDIR /\nCOPY . .\nRUN ln -s t l\n', 'cat /t/x /l/x'],
    ['a link onto which files are copied', 'WORKDIR /aichor-test-app\nCOPY . .\nRUN ln -s t l\nCOPY t/x /aichor-test-app/l/y\n', 'cat /aichor-test-app/l/x /aichor-test-app/t/y'],
    ['a link that is a path of the image', 'WORKDIR /aichor-test-app\nCOPY . .\nRUN ln -s /aichor-test-app/t /aichor-test-data\nCOPY t/x /aichor-test-data/y\n', 'cat /aichor-test-data/x /aichor-test-data/y'],
  ])('are there with %s', async (_, lines, command) => {
    const tree = { Dockerfile: `FROM python\n${lines}`, 't/x': 'word\n' };
    expect((await run(await house.submit(repository(command, tree)))).printed).toBe('word\nword');
  }); // prettier-ignore

  test('are explained where they are not', async () => {
    const engine = house.restarted({ entrance: async () => null });
    const relative = { ...files, 'main.py': 'import thing; print(thing.VALUE) # /aichor-test-app' };
    const { printed, codes } = await run(await house.submit(repository('python main.py', relative)), engine);
    expect(printed).toBe('7');
    expect(codes).toContain('image_paths_absent');
  });

  const told = ({ facts }: { facts: ExperimentFact[] }) =>
    facts.flatMap((fact) =>
      fact.type === 'notice' && fact.code === 'image_paths_absent' ? [fact.message] : [],
    );

  const below = {
    ...files,
    Dockerfile:
      'FROM python\nWORKDIR /tmp/aichor-test-code\nCOPY . .\nCOPY main.py /tmp/aichor-test-file.py\nCOPY lib /tmp/aichor-test-not-named/\n',
  };

  test.runIf(entrance)(
    'below /tmp are there where mounts are allowed, in the /tmp of the machine',
    { timeout: 60_000 },
    async () => {
      await writeFile(join(house.folder, 'of-the-host'), 'host');
      const code = [
        'import os',
        'print(os.getcwd(), open("/tmp/aichor-test-code/lib/thing.py").read())',
        'print(open("/tmp/aichor-test-file.py").read()[:9])',
        `print(open("${house.folder}/of-the-host").read(), os.path.exists("/tmp/aichor-test" + "-not-named"))`,
        'open("/tmp/aichor-test-written", "w").write("pod")',
      ];
      const named = { ...below, 'main.py': code.join('\n') };
      const { printed, codes } = await run(await house.submit(repository('python main.py', named)));
      expect(printed.split('\n')).toEqual(['/tmp/aichor-test-code VALUE = 7', 'import os', 'host False']);
      expect(codes).not.toContain('image_paths_absent');
      expect(await readFile('/tmp/aichor-test-written', 'utf8')).toBe('pod');
      await rm('/tmp/aichor-test-written');
      expect(
        (await readdir('/tmp')).filter((name: string) => /aichor-test-(?:code|file)/.test(name)),
      ).toEqual([]);
    },
  );

  test('below /tmp are explained where they are not', async () => {
    const engine = () => house.restarted({ entrance: async () => null });
    const named = { ...below, 'main.py': 'print("/tmp/aichor-test-code/x"[:4])' };
    expect(told(await run(await house.submit(repository('python main.py', named)), engine()))).toEqual([
      expect.stringMatching(
        /mounted on this machine: \/tmp\/aichor-test-code \(the command starts in .*relative/,
      ),
    ]);
    const reads = { ...below, 'main.py': 'open("/tmp/aichor-test-code/lib/thing.py")' };
    await expect(run(await house.submit(repository('python main.py', reads)), engine())).rejects.toThrow(
      'did you mean lib/thing.py, from the WORKDIR',
    );
    const plain = { ...below, 'main.py': 'print(1)' };
    expect(told(await run(await house.submit(repository('python main.py', plain)), engine()))).toEqual([]);
  });

  test('that only the Dockerfile names are not told; those of programs are', async () => {
    const engine = house.restarted({ entrance: async () => null });
    const plain = { ...files, 'main.py': 'print(1)' };
    expect(told(await run(await house.submit(repository('python main.py', plain)), engine))).toEqual([]);
    const tools = {
      Dockerfile: 'FROM python\nWORKDIR /aichor-test-app\nCOPY . .\nCOPY go /opt/aichor-test/bin/go\n',
      go: '',
    };
    const command = 'test -e /opt/aichor-test/bin/go || echo none';
    const ran = await run(await house.submit(repository(command, tools)), engine);
    expect(ran.printed).toBe('none');
    expect(told(ran)).toEqual([
      expect.stringContaining('/opt/aichor-test (call its programs by their names'),
    ]);
  });

  test.runIf(entrance)('each pod has its own, and the shutdown command sees them too', async () => {
    const main = 'echo $HOSTNAME >> /aichor-test-app/mine; cat mine; wc -l < mine';
    const types = { worker: { count: 2 } };
    const { printed } = await run(await house.submit({ ...jobset(main, types), files, shell: shell() }));
    expect(printed).toBe('worker-0-0\n1');
  });
});

describe('volumes', () => {
  const spec = {
    storage: { attachExistingPVCs: [{ name: 'corpus', mountPoint: '/mnt/aichor-test-corpus' }] },
  };
  const command = 'ls /mnt/aichor-test-corpus && echo b > /mnt/aichor-test-corpus/new';

  test.runIf(entrance)('are at their mount points', async () => {
    await mkdir(`${house.folder}/volumes/corpus`, { recursive: true });
    await writeFile(`${house.folder}/volumes/corpus/a.txt`, 'a');
    const experiment = await house.submit({
      ...jobset(command, { worker: { count: 1 } }, spec),
      shell: shell(),
    });
    const { printed, codes } = await run(experiment);
    expect(printed).toBe('a.txt');
    expect(codes).not.toContain('mount_point_ignored');
    expect(await readFile(`${house.folder}/volumes/corpus/new`, 'utf8')).toBe('b\n');
  });

  test.runIf(entrance)(
    'of an experiment are shared by its pods, and the image’s folder has place for one',
    async () => {
      const shared = { storage: { sharedVolume: { mountPoint: '/aichor-test-app/shared', sizeGB: 1 } } };
      const both =
        'echo $HOSTNAME > shared/$HOSTNAME; until [ $(ls shared | wc -l) = 2 ]; do sleep 0.05; done; pwd';
      const files = { Dockerfile: 'FROM python\nWORKDIR /aichor-test-app\nCOPY . .\n', 'main.py': '' };
      const experiment = await house.submit({
        ...jobset(both, { worker: { count: 2 } }, shared),
        files,
        shell: shell(),
      });
      expect((await run(experiment)).printed).toBe('/aichor-test-app');
    },
  );

  test('are explained where they cannot be mounted', async () => {
    const engine = house.restarted({ entrance: async () => null });
    const experiment = await house.submit({
      ...jobset('true', { worker: { count: 1 } }, spec),
      shell: shell(),
    });
    const { codes } = await run(experiment, engine);
    expect(codes).toEqual(expect.arrayContaining(['mount_point_ignored', 'volume_created']));
  });
});

describe('install lines of the Dockerfile', () => {
  test('decide, in their order, with their options', async () => {
    const files = {
      Dockerfile: [
        'FROM python:3 AS base\nARG INDEX\nWORKDIR /srv/app',
        'COPY req/ req/',
        'RUN python -m pip install --no-cache-dir --upgrade pip && \\\n    pip3 install --extra-index-url $INDEX -r req/base.txt "six>=1"',
        'COPY . .\nRUN uv pip install --system .',
      ].join('\n'),
      'req/base.txt': '-r more.txt\n',
      'req/more.txt': 'six\n',
      'pyproject.toml': '[project]\nname="x"\nversion="1"\n',
      'requirements.txt': 'never==1\n',
    };
    const experiment = await house.submit(
      repository('true', files, { builder: { buildArgs: { INDEX: 'https://index.test/simple' } } }),
    );
    await run(experiment);
    const lines = await buildLines(experiment);
    const commands = lines
      .filter((line) => line.startsWith('uv '))
      .map((line) => line.replaceAll(/\/\S*\/environments\/\S*/g, 'ENV'));
    expect(commands).toEqual([
      'uv venv --no-project --seed ENV',
      'uv pip install --python ENV --index-strategy unsafe-best-match --extra-index-url *** -r req/base.txt six>=1',
      'uv pip install --python ENV .',
    ]);
    expect(lines).toContain('sees Dockerfile pyproject.toml req requirements.txt ');
  });

  test('are followed with nothing but the files they name', async () => {
    const files = {
      Dockerfile: 'FROM python\nWORKDIR /app\nCOPY . .\nRUN uv sync --locked --no-install-project\n',
      'pyproject.toml': '[project]\nname="x"\nversion="1"\ndependencies=["six"]\n',
      'uv.lock': 'version = 1\n',
      'main.py': 'print(1)',
    };
    const first = await house.submit(repository('true', files));
    await run(first);
    expect(await buildLines(first)).toEqual(
      expect.arrayContaining([
        'uv sync --locked --no-install-project --no-editable',
        'sees pyproject.toml uv.lock ',
      ]),
    );
    const second = await house.submit(repository('true', { ...files, 'main.py': 'print(2)' }));
    expect((await second.build()).message).toBe('environment reused');
    const third = await house.submit(repository('true', { ...files, 'uv.lock': 'version = 2\n' }));
    expect((await third.build()).message).toMatch(/^environment built with uv/);
  });

  test('build arguments and secrets reach the build and not its log, nor its failure', async () => {
    const files = {
      Dockerfile:
        'FROM python\nARG BUILD_TOKEN\nCOPY requirements.txt fail ./\nRUN pip install -r requirements.txt\n',
      'requirements.txt': 'six\n',
      fail: '',
    };
    const builder = { buildArgs: { BUILD_TOKEN: 'very-private' } };
    const good = await house.submit(repository('true', { ...files, fail: '' }, { builder }));
    await good.build();
    expect((await buildLines(good)).join('\n')).toContain('token ***');
    const usingAll = { ...files, Dockerfile: `${files.Dockerfile}RUN pip install .\n` };
    const bad = await house.submit(repository('true', usingAll, { builder }));
    const message = 'the Python environment could not be built: error: the installer refuses ***';
    await expect(bad.build()).rejects.toMatchObject({ code: 'experiment_failed', message });
    expect((await buildLines(bad)).join('\n')).not.toContain('very-private');
  });

  test('what is not honoured is one notice, by line', async () => {
    const files = {
      Dockerfile:
        'FROM python\nRUN apt-get update && apt-get install -y git\nUSER app\nCOPY . .\nEXPOSE 80\n',
      'main.py': '',
    };
    const { build } = await run(await house.submit(repository('true', files)));
    expect(build.notices).toEqual([
      {
        code: 'dockerfile_not_honoured',
        message: 'Dockerfile: not done without a container: line 2 RUN apt-get install git',
      },
    ]);
  });

  test('what was not done before it is told with a failure', async () => {
    const files = {
      Dockerfile: 'FROM python\nRUN apt-get install -y libfoo-dev\nCOPY . .\nRUN pip install -e .\n',
      fail: '',
    };
    const experiment = await house.submit(repository('true', files));
    await expect(experiment.build()).rejects.toThrow(
      /the installer refuses .*not done without a container: line 2 RUN apt-get install libfoo-dev/,
    );
  });

  test('a Dockerfile that no build can read is a notice', async () => {
    const utf16 = Buffer.from('\uFEFFFROM python\nCOPY . .\n', 'utf16le').toString();
    const files = { Dockerfile: utf16, 'main.py': 'print(1)' };
    const { printed, build } = await run(await house.submit(repository('python main.py', files)));
    expect(printed).toBe('1');
    expect(build.notices).toEqual([
      {
        code: 'dockerfile_refused',
        message: expect.stringContaining('Dockerfile: no image build accepts line 1 it is not text in UTF-8'),
      },
    ]);
  });

  test('a Python that is not here is a notice', async () => {
    const files = { Dockerfile: 'FROM python:3.2-slim\nCOPY . .\n', 'main.py': 'print(1)' };
    const { printed, codes } = await run(await house.submit(repository('python main.py', files)));
    expect(printed).toBe('1');
    expect(codes).toContain('python_version_absent');
  });
});

describe('an environment of one’s own', () => {
  test('is used as it is: a virtual environment, its interpreter, an interpreter', async () => {
    const venv = `${house.folder}/mine`;
    execFileSync('python3', ['-m', 'venv', '--without-pip', venv]);
    const real = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    }).trim();
    const printed = async (pythonEnv: string) => {
      const command = 'python -c "import sys; print(sys.prefix)"; python3 -c "print(3)"';
      const files = { 'main.py': '', 'requirements.txt': 'never-installed\n' };
      return (await run(await house.submit(repository(command, files, { pythonEnv })))).printed;
    };
    expect(await printed(venv)).toBe(`${venv}\n3`);
    expect(await printed(`${venv}/bin/python`)).toBe(`${venv}\n3`);
    expect(await printed(real)).toMatch(/\n3$/);
  });

  test('says once which lines of the Dockerfile are not done, with skipBuild too', async () => {
    const dockerfile = [
      'FROM python:3.11',
      'WORKDIR /app',
      'COPY . .',
      'RUN apt-get install libgl1 && pip install never-installed',
      'RUN chmod +x main.py',
      'RUN make all',
      '',
    ].join('\n');
    const files = { 'main.py': '', Dockerfile: dockerfile };
    const lines = 'line 4 RUN apt-get install libgl1 && pip install never-installed; line 6 RUN make all';
    const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
    const own = await (await house.submit(repository('true', files, { pythonEnv: python.trim() }))).build();
    const message = (why: string) => `Dockerfile: not done, because ${why}: ${lines}`;
    expect(own.notices).toEqual([
      { code: 'dockerfile_not_honoured', message: message('--python-env names the environment') },
    ]);
    const skipBuild = { enabled: true, experimentId: '3f2a1b4c-9d8e-4f7a-b6c5-1a2b3c4d5e6f' };
    const skipped = await house.submit(repository('true', files, { builder: { skipBuild }, reuse: own }));
    expect((await skipped.build()).notices).toEqual([
      {
        code: 'dockerfile_not_honoured',
        message: message('builder.skipBuild takes an earlier environment'),
      },
    ]);
    const plain = { ...files, Dockerfile: 'FROM python:3.11\nCOPY . .\nRUN chmod +x main.py\n' };
    const quiet = await house.submit(repository('true', plain, { pythonEnv: python.trim() }));
    expect((await quiet.build()).notices).toEqual([]);
  });

  test('that is none is refused', async () => {
    const experiment = await house.submit(repository('true', { 'main.py': '' }, { pythonEnv: house.folder }));
    await expect(experiment.build()).rejects.toMatchObject({ code: 'experiment_failed' });
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { documentOf, makeProgram, manifest, type Program } from './program.ts';
import { hasTmux, openTerminal, type Terminal } from './terminal.ts';

let program: Program;
let terminal: Terminal | null = null;
beforeAll(() => {
  program = makeProgram('screens', { TZ: 'Asia/Tokyo' });
});
afterEach(() => {
  terminal?.close();
  terminal = null;
});
afterAll(() => program.close());

const open = (size = {}) => (terminal = openTerminal(program, { width: 120, ...size }));

it.runIf(hasTmux)(
  'submit says what was made and how to go on, on a terminal and in a pipe that asks for it',
  async () => {
    const shell = open();
    shell.type('aichor experiments submit local --message "first try"; echo "code $?"');
    const screen = await shell.shows(/code 0/);
    expect(screen).toMatch(/✓ submitted [0-9a-f-]{36} {2}jobset on local · 2 files, .* · first try/);
    expect(screen).toMatch(/aichor experiments logs -f [0-9a-f]{8}/);
    expect(screen).not.toContain('{');
    const { stdout } = await program.submit('--output', 'table');
    expect(stdout).toMatch(/^✓ submitted .*\n {2}aichor experiments logs -f/);
  },
);

it.runIf(hasTmux)('a follow that succeeds ends with one line; its status line is gone', async () => {
  const shell = open();
  shell.type('aichor experiments submit local --follow --env RATE=0.1; echo "code $?"');
  const screen = await shell.shows(/code 0/);
  expect(screen).toMatch(/worker-0-0 \| rate 0\.1/);
  expect(screen.replaceAll('\n', '')).toMatch(
    /✓ Succeeded in [\d.]+s {3}outputs: \S+ {3}aichor experiments get/,
  );
  expect(screen).not.toMatch(/running \d|waiting|sending|[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
});

it.runIf(hasTmux)(
  'a follow that fails ends with the explanation and the last lines of the pod, once',
  async () => {
    const shell = open();
    shell.type('clear; aichor experiments submit local -f --env CODE=3; echo "code $?"');
    const screen = await shell.shows(/code 8/);
    const end = screen.slice(screen.indexOf('✗'));
    expect(end).toMatch(/^✗ Failed in [\d.]+s: worker-0-0 exited with code 3/);
    expect(end).toMatch(/worker-0-0 \| rate/);
    expect(screen).not.toContain('error[');
    expect(screen).not.toContain('"experiment_id"');
  },
);

it.runIf(hasTmux)('says what it waits for, and how to come back after Ctrl-C', async () => {
  const shell = open();
  const go = join(program.home, 'go');
  shell.type(`aichor experiments submit local -f --env HOLD=${go}; echo "code $?"`);
  await shell.shows(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] running \d/);
  shell.press('C-c');
  const screen = await shell.shows(/code 130/);
  expect(screen).toMatch(/interrupted; experiment [0-9a-f-]{36} goes on/);
  expect(screen.replace(/\n/g, '')).toMatch(
    /aichor experiments logs -f [0-9a-f]{8} comes back to it; aichor experiments cancel [0-9a-f]{8} ends it/,
  );
  writeFileSync(go, '');
  await program.aichor(['experiments', 'wait', 'latest']);
});

it.runIf(hasTmux)(
  'wait takes labels and many ids: one counting line, and nothing else on stderr',
  async () => {
    const ids: string[] = [];
    const go = join(program.home, 'all');
    for (let number = 0; number < 12; number++)
      ids.push(
        (await program.submit('--quiet', '--label', 'sweep=many', '--env', `HOLD=${go}`)).stdout.trim(),
      );
    const shell = open();
    shell.type('aichor experiments wait --label sweep=many; echo "code $?"');
    await shell.shows(/0 of 12 ended, \d+ running/);
    shell.press('C-c');
    expect((await shell.shows(/code 130/)).replace(/\n/g, '')).toContain(
      'aichor experiments wait --label sweep=many comes back to them',
    );
    writeFileSync(go, '');
    const { stdout, stderr, code } = await program.aichor(['experiments', 'wait', ...ids]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout).experiments).toHaveLength(12);
    const byLabel = await program.aichor([
      'experiments',
      'wait',
      '--label',
      'sweep=many',
      '--output',
      'table',
    ]);
    expect(byLabel.stdout).toMatch(/12 succeeded\n$/);
  },
);

it.each([
  ['id', /^[0-9a-f-]{36}\n/],
  ['tsv', /\texperiment_id\tstatus\t.*\n.*\t[0-9a-f-]{36}\tSucceeded\t/],
  ['yaml', /^experiments:\n {2}- image:/],
  ['table', /^ID +STATUS/],
  ['json', /^\{"experiments":\[/],
])('prints lists as %s, asked by flag or by AICHOR_OUTPUT', async (form, pattern) => {
  const flag = await program.aichor(['experiments', 'list', '--output', form]);
  expect(flag.stdout).toMatch(pattern);
  const variable = await program.aichor(['experiments', 'list'], { more: { AICHOR_OUTPUT: form } });
  expect(variable.stdout).toMatch(pattern);
});

it('prints the columns that were asked for as tsv, whole and under their names', async () => {
  const asked = [
    'experiments',
    'list',
    '--output',
    'tsv',
    '--columns',
    'id,env.HOLD,created',
    '--limit',
    '1',
  ];
  const { stdout } = await program.aichor(asked);
  const [names, values] = stdout.split('\n');
  expect(names).toBe('id\tenv.HOLD\tcreated');
  expect(values).toMatch(/^[0-9a-f-]{36}\t[^\t]*\t\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

it.runIf(hasTmux)('errors take the form that stderr asks for', async () => {
  const shell = open();
  shell.type('aichor experiments get ffffff | cat; echo "code $?"');
  expect(await shell.shows(/code 0/)).toContain('error[not_found]');
  const { stderr } = await program.aichor(['experiments', 'get', 'ffffff', '--output', 'table']);
  expect(JSON.parse(stderr).error.code).toBe('not_found');
});

it('shows times in the zone of the reader, or in UTC', async () => {
  const { created_at: created } = documentOf(await program.aichor(['experiments', 'get', 'latest']));
  const there = await program.aichor(['experiments', 'get', 'latest', '--output', 'table']);
  const tokyo = new Date(Date.parse(created) + 9 * 3_600_000).toISOString().slice(0, 19).replace('T', ' ');
  expect(there.stdout).toContain(tokyo);
  const utc = await program.aichor(['experiments', 'get', 'latest', '--output', 'table', '--utc']);
  expect(utc.stdout).toContain(`${created.slice(0, 19).replace('T', ' ')}Z`);
});

it.runIf(hasTmux)(
  'deleting and cancelling many asks on a terminal, and needs --yes in a script for --all',
  async () => {
    const held = (
      await program.submit('--quiet', '--env', 'HOLD=never', '--label', 'kind=held')
    ).stdout.trim();
    for (const command of ['cancel', 'delete', 'prune']) {
      const refused = await program.aichor(['experiments', command, '--all']);
      expect(refused.code).toBe(2);
      expect(JSON.parse(refused.stderr).error.message).toContain('--yes');
    }
    const dry = documentOf(await program.aichor(['experiments', 'cancel', '--all', '--dry-run']));
    expect(dry.experiments.map((one: { experiment_id: string }) => one.experiment_id)).toEqual([held]);
    const shell = open();
    shell.type('aichor experiments cancel --label kind=held; echo "code $?"');
    await shell.shows(/This cancels 1 experiment\. Go on\? \(y\/N\)/);
    shell.press('n');
    shell.press('Enter');
    await shell.shows(/nothing cancelled[^]*code 0/);
    shell.type('clear; aichor experiments cancel --label kind=held --wait; echo "code $?"');
    await shell.shows(/This cancels 1 experiment\. Go on\? \(y\/N\)/);
    shell.press('y');
    shell.press('Enter');
    await shell.shows(/✓ cancelled [0-9a-f]{8}[^]*code 0/);
    shell.type('clear; aichor experiments prune --all; echo "code $?"');
    await shell.shows(/This deletes \d+ experiments and their logs\. Go on\? \(y\/N\)/);
    shell.press('y');
    shell.press('Enter');
    await shell.shows(/✓ \d+ deleted, [\d.]+ k?M?B freed[^]*code 0/);
    expect(documentOf(await program.aichor(['experiments', 'list'])).experiments).toEqual([]);
  },
);

it.runIf(hasTmux)(
  'a watched list stays within the screen, what runs first, and Ctrl-C ends it without an error',
  async () => {
    const go = join(program.home, 'watched');
    for (let number = 0; number < 9; number++) await program.submit('--quiet', '--message', `done ${number}`);
    await program.submit('--quiet', '--message', 'it runs', '--env', `HOLD=${go}`);
    const shell = open({ width: 80, height: 8 });
    shell.type('aichor experiments list --watch; echo "code $?"');
    const screen = await shell.shows(/1 running, 9 succeeded, 4 not shown/);
    expect(screen.split('\n')[1]).toContain('it runs');
    expect(shell.scrolled()).toBe(0);
    shell.press('C-c');
    expect(await shell.shows(/code 0/)).not.toContain('error');
    writeFileSync(go, '');
  },
);

it('lists by project, sorted, with the columns that were asked for', async () => {
  await program.submit('--quiet', '--project', 'vision', '-e', 'LR=10', '-l', 'sweep=lr');
  await program.submit('--quiet', '--project', 'vision', '-e', 'LR=9', '-l', 'sweep=lr');
  const list = (...flags: string[]) =>
    program.aichor(['experiments', 'list', '--project', 'vision', ...flags]);
  const { experiments } = documentOf(
    await list('--sort', 'env.LR', '--label', 'sweep', '--status', 'WAITING'),
  );
  expect(experiments).toEqual([]);
  const table = await list(
    '--sort',
    'env.LR',
    '--columns',
    'env.LR,label.sweep',
    '--output',
    'table',
    '--page',
    '1',
  );
  expect(table.stdout.split('\n').map((line) => line.split(/ +/))).toEqual([
    ['LR', 'sweep'],
    ['9', 'lr'],
    ['10', 'lr'],
    [''],
  ]);
  const second = await list('--limit', '1', '--output', 'table', '--columns', 'env.LR', '--page', '2');
  expect(second.stdout).toBe('LR\n10\n');
  const first = await list('--limit', '1', '--output', 'table', '--columns', 'env.LR');
  expect(first.stdout).toBe('LR\n9\nthere are more: --page 2, or a larger --limit\n');
});

it.each([
  [['experiments', 'list', '--status', 'runing'], 'did you mean Running?'],
  [['experiments', 'list', '--operator', 'torch'], 'it is one of'],
  [['experiments', 'logs', '--step', 'biuld'], 'did you mean --step build?'],
  [['experiments', 'list', '--sort', 'mesage'], 'did you mean message?'],
])('%j is told what was meant', async (argv, hint) => {
  const { code, stderr } = await program.aichor(argv);
  expect(code).toBe(2);
  expect(JSON.parse(stderr).error.hint).toContain(hint);
});

it.runIf(hasTmux)('works from a folder inside of the repository, and says which one was taken', async () => {
  mkdirSync(join(program.repo, 'src/deep'), { recursive: true });
  const shell = open();
  shell.type('cd src/deep; aichor experiments submit local --wait; echo "code $?"');
  const screen = await shell.shows(/code 0/);
  expect(screen).toContain(`notice: the repository is ${program.repo}, above this folder`);
  shell.type('clear; aichor manifest validate && aichor manifest render > /dev/null; echo "ended $?"');
  expect(await shell.shows(/ended 0/)).toContain('✓ ../../manifest.yaml is valid');
});

it('says before it runs that the script of the command is not there, and which one was meant', async () => {
  const path = join(program.home, 'typo');
  mkdirSync(path);
  writeFileSync(join(path, 'manifest.yaml'), manifest('sh trian.sh'));
  writeFileSync(join(path, 'train.sh'), 'true\n');
  const { stderr } = await program.aichor(['experiments', 'submit', 'local', path]);
  expect(stderr).toContain('the command runs trian.sh, which is not in the repository; train.sh is');
  const checked = documentOf(await program.aichor(['manifest', 'validate', join(path, 'manifest.yaml')]));
  expect(checked.files[0].repository).toContainEqual(
    expect.objectContaining({ code: 'script-missing', hint: 'did you mean train.sh?' }),
  );
});

it('says before it runs what nothing sets and what the Dockerfile copies that is not sent, once', async () => {
  const path = join(program.home, 'unset');
  mkdirSync(path);
  writeFileSync(join(path, 'manifest.yaml'), manifest('echo $LEARNING_RAET $GIVEN'));
  const dockerfile = 'FROM debian\nENV LEARNING_RATE=1\nCOPY trian.py secret.txt .\n';
  writeFileSync(join(path, 'Dockerfile'), dockerfile);
  writeFileSync(join(path, 'train.py'), '');
  writeFileSync(join(path, 'secret.txt'), '');
  writeFileSync(join(path, '.aichorignore'), 'secret.txt\n');
  const [{ stderr }, validated] = await Promise.all([
    program.aichor(['experiments', 'submit', 'local', path, '--env', 'GIVEN=1', '--wait']),
    program.aichor(['manifest', 'validate', join(path, 'manifest.yaml')]),
  ]);
  for (const said of [
    'the command uses LEARNING_RAET, which nothing sets; LEARNING_RATE is set',
    'Dockerfile:3: trian.py is not in the repository as it is sent; did you mean train.py?',
    'Dockerfile:3: secret.txt is not in the repository as it is sent',
  ])
    expect(stderr.split(said), said).toHaveLength(2);
  expect(stderr).not.toContain('GIVEN');
  expect(documentOf(validated).files[0]).toMatchObject({
    valid: true,
    repository: [
      {
        code: 'variable-not-set',
        message: expect.stringContaining('LEARNING_RAET'),
        file: expect.stringMatching(/manifest.yaml$/),
      },
      { code: 'variable-not-set', hint: expect.stringContaining('--env GIVEN=VALUE') },
      { code: 'copy-missing', file: 'Dockerfile', line: 3, hint: 'did you mean train.py?' },
      { code: 'copy-missing', file: 'Dockerfile', line: 3, hint: expect.stringContaining('.aichorignore') },
    ],
  });
});

it('settings, keys and running pods have a view of their own', async () => {
  const table = async (...args: string[]) => (await program.aichor([...args, '--output', 'table'])).stdout;
  expect(await table('context', 'set', 'project', 'vision')).toMatch(
    /^SETTING +FROM +VALUE\n[^]*project +file +vision/,
  );
  expect(await table('context', 'set', 'project', '--unset')).toMatch(/project +default +default/);
  expect(await table('auth', 'status')).toMatch(/api_key +default +not set/);
  await program.submit('--quiet', '--env', 'HOLD=never');
  await expect
    .poll(() => table('experiments', 'get'), { timeout: 30_000 })
    .toMatch(/worker-0-0 +0 +Running +- +[\d.]+s/);
});

it.runIf(hasTmux).each([120, 60])(
  'get of a running experiment shows what its pods take and what they said last, on %i columns',
  async (width) => {
    const go = join(program.home, `inside-${width}`);
    await program.submit('--quiet', '--env', `HOLD=${go}`, '--env', 'RATE=7');
    const shell = open({ width, height: 50 });
    await expect
      .poll(async () => documentOf(await program.aichor(['experiments', 'get'])).status, { timeout: 60_000 })
      .toBe('Running');
    await expect
      .poll(async () => (await program.aichor(['experiments', 'logs'])).stdout, { timeout: 60_000 })
      .toContain('rate 7');
    shell.type('clear; aichor experiments get; echo "code $?"');
    const screen = await shell.shows(/code 0/);
    expect(screen).toMatch(/POD .*CPU +MEMORY/);
    expect(screen).toMatch(/worker-0-0 .*Running .*\d\.\d +\d+(\.\d)? [kM]B/);
    expect(screen).toMatch(/worker-0-0 \| rate 7\ncode 0/);
    shell.type('clear; aichor experiments logs -f; echo "code $?"');
    await shell.shows(/worker-0-0 \| rate 7\nrunning \d/);
    writeFileSync(go, '');
    expect(await shell.shows(/code 0/)).not.toMatch(/^running/m);
  },
);

it.runIf(hasTmux)("the server's log is for people on a terminal, and for programs in a pipe", async () => {
  const shell = open();
  shell.type('clear; aichor server logs; echo "code $?"');
  const screen = await shell.shows(/code 0/);
  expect(screen).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d info +\S/m);
  expect(screen).not.toMatch(/"level"/);
  const { stdout } = await program.aichor(['server', 'logs']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ level: 30 });
});

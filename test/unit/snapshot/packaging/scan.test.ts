import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { chmodSync, existsSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { leftOut } from '../../../../src/snapshot/packaging/left-out.ts';
import { scanDirectory, type ScanOptions } from '../../../../src/snapshot/packaging/scan.ts';
import { git, temporaryFolders, writeTree } from './tree.ts';

const newFolder = temporaryFolders();

function scan(root: string, options: Partial<ScanOptions> = {}) {
  return scanDirectory(root, {
    cacheFolder: null,
    env: { PATH: process.env['PATH'], HOME: join(root, 'no-home') },
    ...options,
  });
}

async function paths(root: string, options: Partial<ScanOptions> = {}): Promise<string[]> {
  return (await scan(root, options)).listing.entries.map((entry) => entry.path);
}

describe('what is packed', () => {
  it('is everything but .git, .venv, __pycache__ and node_modules, at any depth', async () => {
    const root = writeTree(newFolder(), {
      'main.py': '',
      'a/b/c.py': '',
      '.git/config': '',
      '.venv/bin/python': '-> /usr/bin/python3',
      'a/__pycache__/x.pyc': '',
      'web/node_modules/x/index.js': '',
      'sub/.git': 'gitdir: x',
      '.hidden': '',
    });
    expect(await paths(root)).toEqual(['.hidden', 'a/b/c.py', 'main.py']);
  });

  it('follows .gitignore always, and .aichorignore over it, which can take all back but .git', async () => {
    const root = writeTree(newFolder(), {
      '.aichorignore': 'data/\n!node_modules/\n*.log\n!keep.log\n!.git\n!weights/\n!deep/table.csv\n',
      '.gitignore': 'gone.py\nweights/\n*.log\n',
      'gone.py': '',
      'weights/w.bin': '',
      'data/big': '',
      'node_modules/x.js': '',
      '__pycache__/x.pyc': '',
      'a.log': '',
      'keep.log': '',
      '.git/config': '',
      'deep/data/x': '',
      'deep/.gitignore': 'table.csv\nnot-sent\n!a.log\n',
      'deep/table.csv': '',
      'deep/not-sent': '',
      'deep/a.log': '',
      'deep/.aichorignore': 'y',
      'deep/y': '',
    });
    expect(await paths(root)).toEqual([
      '.aichorignore',
      '.gitignore',
      'deep/.aichorignore',
      'deep/.gitignore',
      'deep/table.csv',
      'deep/y',
      'keep.log',
      'node_modules/x.js',
      'weights/w.bin',
    ]);
  });

  it('says what is left out, by the line that says so', async () => {
    const root = writeTree(newFolder(), {
      '.gitignore': '# mine\ndata/\n*.tmp\n',
      '.aichorignore': 'notes.md\n!kept.tmp\n',
      'data/a': '',
      'data/b': '',
      'x.tmp': '',
      'sub/y.tmp': '',
      'kept.tmp': '',
      'notes.md': '',
      'sub/.gitignore': 'z\n',
      'sub/z': '',
      '.venv/x': '',
      'env/pyvenv.cfg': '',
      'main.py': '',
    });
    const said = await leftOut(root, { env: {}, sent: (await scan(root)).paths });
    expect(
      said.map(({ file, line, pattern, count, paths: named }) => [file, line, pattern, count, named.sort()]),
    ).toEqual([
      ['.gitignore', 3, '*.tmp', 2, ['sub/y.tmp', 'x.tmp']],
      [null, null, '.venv', 1, ['.venv/']],
      ['.gitignore', 2, 'data/', 1, ['data/']],
      [null, null, 'pyvenv.cfg', 1, ['env/']],
      ['.aichorignore', 1, 'notes.md', 1, ['notes.md']],
      ['sub/.gitignore', 1, 'z', 1, ['sub/z']],
    ]);
    expect(await paths(root)).toEqual([
      '.aichorignore',
      '.gitignore',
      'kept.tmp',
      'main.py',
      'sub/.gitignore',
    ]);
  });

  it.each([
    ['without .aichorignore', {}],
    ['with one', { '.aichorignore': 'nothing\n' }],
  ])('names the rule of all that is always left out, %s', async (_what, more) => {
    const root = writeTree(newFolder(), {
      ...more,
      '.git/config': '',
      'a/.env': '',
      'wandb/x': '',
      'x.pyc': '',
      'my-env/pyvenv.cfg': '',
      'main.py': '',
    });
    const { paths: sent } = await scan(root);
    const said = await leftOut(root, { env: {}, sent, all: true });
    expect(said.map(({ file, line, pattern, paths: named }) => [file, line, pattern, named])).toEqual([
      [null, null, '.git', ['.git/']],
      [null, null, '.env', ['a/.env']],
      [null, null, 'pyvenv.cfg', ['my-env/']],
      [null, null, 'wandb/', ['wandb/']],
      [null, null, '*.pyc', ['x.pyc']],
    ]);
  });

  it('says of files that Git tracks what is done with them, and names all paths when asked to', async () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`${at}.tmp`, '']));
    const root = writeTree(newFolder(), {
      ...many,
      '.gitignore': '*.csv\n*.tmp\n',
      '.aichorignore': 'secret.csv\n',
      'needed.csv': '',
      'secret.csv': '',
    });
    git(root, ['init', '--quiet']);
    git(root, ['add', '--force', 'needed.csv', 'secret.csv']);
    const { paths: sent } = await scan(root);
    expect(sent.list()).toEqual(['.aichorignore', '.gitignore', 'needed.csv']);
    const [some, own, ...more] = await leftOut(root, { env: {}, sent });
    expect(some).toMatchObject({ file: '.gitignore', line: 2, count: 12 });
    expect(some?.paths).toHaveLength(10);
    expect(own).toEqual({
      file: '.aichorignore',
      line: 1,
      pattern: 'secret.csv',
      count: 1,
      paths: ['secret.csv'],
    });
    expect(more).toEqual([]);
    const [all] = await leftOut(root, { env: {}, sent, all: true });
    expect(all?.paths.sort()).toEqual(Object.keys(many).sort());
  });

  it('follows every .gitignore otherwise, in and out of a repository, from above the root too', async () => {
    const tree = {
      '.gitignore': '/out\n*.tmp\nsub/only-above\n',
      'out/x': '',
      'a.tmp': '',
      'sub/.gitignore': '!b.tmp\n/out\n',
      'sub/b.tmp': '',
      'sub/c.tmp': '',
      'sub/out/y': '',
      'sub/only-above': '',
      'sub/main.py': '',
    };
    const outside = writeTree(newFolder(), tree);
    expect(await paths(outside)).toEqual(['.gitignore', 'sub/.gitignore', 'sub/b.tmp', 'sub/main.py']);
    const inside = writeTree(newFolder(), tree);
    git(inside, ['init', '--quiet']);
    writeFileSync(join(inside, '.git', 'info', 'exclude'), '/sub/main.py\n');
    expect(await paths(inside)).toEqual(['.gitignore', 'sub/.gitignore', 'sub/b.tmp']);
    expect(await paths(join(inside, 'sub'))).toEqual(['.gitignore', 'b.tmp']);
  });

  it('packs a folder that the repository around it ignores, when it is the one asked for', async () => {
    const root = writeTree(newFolder(), { '.gitignore': 'build/\n', 'build/exp/main.py': '' });
    git(root, ['init', '--quiet']);
    expect(await paths(join(root, 'build', 'exp'))).toEqual(['main.py']);
  });

  it('takes what Git tracks although a rule ignores it', async () => {
    const root = writeTree(newFolder(), {
      '.gitignore': 'data/\n',
      'data/needed.csv': '1',
      'data/other.csv': '2',
      'main.py': '',
    });
    git(root, ['init', '--quiet']);
    git(root, ['add', '--force', 'data/needed.csv']);
    expect(await paths(root)).toEqual(['.gitignore', 'data/needed.csv', 'main.py']);
  });

  it("follows the user's own excludes file inside a repository", async () => {
    const root = writeTree(newFolder(), { 'a.swp': '', 'b.mine': '', 'main.py': '' });
    git(root, ['init', '--quiet']);
    const home = writeTree(newFolder(), { '.config/git/ignore': '*.swp\n', mine: '*.mine\n' });
    const env = { PATH: process.env['PATH'], HOME: home };
    expect(await paths(root, { env })).toEqual(['b.mine', 'main.py']);
    writeFileSync(join(home, '.gitconfig'), '[core]\n\texcludesFile = ~/mine\n');
    expect(await paths(root, { env })).toEqual(['a.swp', 'main.py']);
  });

  it('leaves environments, caches, trackers and .env out, each taken back by one line', async () => {
    const tree = {
      'main.py': '',
      '.env': 'TOKEN=1',
      'a/.env': 'TOKEN=1',
      'venv/pyvenv.cfg': '',
      'venv/bin/x': '',
      'tools/my-env/pyvenv.cfg': '',
      'tools/my-env/lib/x': '',
      'env/agent.py': '',
      'a/x.pyc': '',
      '.tox/x': '',
      '.mypy_cache/x': '',
      '.pytest_cache/x': '',
      '.ruff_cache/x': '',
      '.ipynb_checkpoints/x': '',
      'wandb/run': '',
      'a/wandb': 'a file',
      'mlruns/0': '',
      'lightning_logs/v0': '',
      '.idea/x': '',
    };
    const kept = ['a/wandb', 'env/agent.py', 'main.py'];
    expect(await paths(writeTree(newFolder(), tree))).toEqual(kept);
    const taken: [string, string[]][] = [
      ['!.env', ['.env', 'a/.env']],
      ['!/.env', ['.env']],
      ['!venv/', ['venv/bin/x', 'venv/pyvenv.cfg']],
      ['!my-env', ['tools/my-env/lib/x', 'tools/my-env/pyvenv.cfg']],
      ['!*.pyc', ['a/x.pyc']],
      ['!wandb/', ['wandb/run']],
      ['!.idea', ['.idea/x']],
      ['!mlruns', ['mlruns/0']],
      ['!lightning_logs/', ['lightning_logs/v0']],
    ];
    for (const [line, back] of taken) {
      const root = writeTree(newFolder(), { ...tree, '.aichorignore': `${line}\n` });
      expect([line, await paths(root)]).toEqual([line, ['.aichorignore', ...kept, ...back].sort()]);
    }
  });

  it('takes empty folders, but none that hold only what is left out', async () => {
    const root = writeTree(newFolder(), {
      'main.py': '',
      'checkpoints/': '',
      'deep/er/est/': '',
      'data/big.bin': '',
      'ignored/x': '',
      'ignored/empty/': '',
      '.gitignore': 'data/*\nignored/\n',
    });
    expect(await paths(root)).toEqual(['.gitignore', 'checkpoints', 'deep/er/est', 'main.py']);
    const { files, listing } = await scan(root);
    expect(files).toBe(2);
    expect(listing.entries).toContainEqual({ path: 'checkpoints', kind: 'folder' });
  });

  it('never enters an ignored folder', async () => {
    const root = writeTree(newFolder(), {
      '.aichorignore': 'locked/\n',
      'locked/x': '-> /etc/passwd',
      'main.py': '',
    });
    chmodSync(join(root, 'locked'), 0o000);
    expect(await paths(root)).toEqual(['.aichorignore', 'main.py']);
    chmodSync(join(root, 'locked'), 0o700);
  });
});

describe('links and special files', () => {
  it('carries links that stay inside, also loops and dangling ones', async () => {
    const root = writeTree(newFolder(), {
      'a/b': '',
      'a/up': '-> ../a/b',
      loop: '-> loop',
      one: '-> two',
      two: '-> one',
      gone: '-> nothing',
      self: '-> .',
    });
    const { listing } = await scan(root);
    expect(listing.entries.filter((entry) => entry.kind === 'link').map((entry) => entry.path)).toEqual([
      'a/up',
      'gone',
      'loop',
      'one',
      'self',
      'two',
    ]);
  });

  it.each([['../outside'], ['/etc/passwd'], ['a/../../x'], ['self/self/../..']])(
    'refuses a link to %s',
    async (target) => {
      const root = writeTree(newFolder(), { 'a/b': '', self: '-> .' });
      symlinkSync(target, join(root, 'bad'));
      await expect(scan(root)).rejects.toMatchObject({
        code: 'repository_invalid',
        message: expect.stringContaining('"bad"'),
        hint: expect.stringContaining('.aichorignore'),
      });
      writeFileSync(join(root, '.aichorignore'), '/bad\n');
      expect(await paths(root)).not.toContain('bad');
    },
  );

  it('leaves FIFOs, sockets and names that are no text out, with a notice each', async () => {
    const root = writeTree(newFolder(), { 'main.py': '', 'real\uFFFD': '', 'new\nline': 'x' });
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const socket = createServer().listen(join(root, 'sock'));
    await once(socket, 'listening');
    writeFileSync(Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe9])]), '');
    const { listing, notices } = await scan(root);
    socket.close();
    expect(listing.entries.map((entry) => entry.path)).toEqual(['main.py', 'new\nline', 'real\uFFFD']);
    const said = notices.map((notice) => notice.message).sort();
    expect(said).toEqual([
      expect.stringContaining('"latin-\uFFFD"'),
      expect.stringContaining('"pipe" was left out: it is a FIFO'),
      expect.stringContaining('"sock" was left out: it is a socket'),
    ]);
  });

  it('leaves out what lies deeper than a path can say, with a notice', async () => {
    const root = writeTree(newFolder(), { 'main.py': '' });
    const dig = `for (let i = 0; i < 40; i++) { fs.mkdirSync('d'.repeat(200)); process.chdir('d'.repeat(200)); fs.writeFileSync('f', ''); }`;
    execFileSync(process.execPath, ['-e', dig], { cwd: root });
    try {
      const { listing, notices } = await scan(root);
      const depths = listing.entries.map((entry) => entry.path.split('/').length - 1);
      expect(depths).toEqual([...depths.keys()].reverse());
      expect(depths.length).toBeGreaterThan(15);
      expect(notices.map((notice) => notice.code)).toContain('left_out');
    } finally {
      execFileSync('rm', ['-rf', join(root, 'd'.repeat(200))]);
    }
  });

  it.runIf(process.getuid?.() !== 0)('names a file that cannot be read', async () => {
    const root = writeTree(newFolder(), { 'secret.bin': 'x' });
    chmodSync(join(root, 'secret.bin'), 0o000);
    await expect(scan(root)).rejects.toMatchObject({
      code: 'repository_invalid',
      message: expect.stringContaining('secret.bin'),
    });
  });

  it('refuses what is no directory', async () => {
    const root = writeTree(newFolder(), { file: '' });
    await expect(scan(join(root, 'file'))).rejects.toMatchObject({ code: 'usage' });
    await expect(scan(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'usage' });
  });
});

describe('the digest', () => {
  it('is the same for the same content, whatever times, umask and place', async () => {
    const tree = { 'a/x.py': 'x', 'run.sh': '#!/bin/sh\n', link: '-> a/x.py' };
    const one = writeTree(newFolder(), tree);
    const two = writeTree(newFolder(), tree);
    utimesSync(join(two, 'a/x.py'), 1, 1);
    chmodSync(join(two, 'a/x.py'), 0o600);
    chmodSync(join(two, 'run.sh'), 0o700);
    const [first, second] = [await scan(one), await scan(two)];
    expect(second.digest).toBe(first.digest);
    chmodSync(join(two, 'run.sh'), 0o600);
    expect((await scan(two)).digest).not.toBe(first.digest);
  });
});

describe('size', () => {
  it('names the heaviest entries, folders as one, and refuses above the limit before reading', async () => {
    const root = writeTree(newFolder(), {
      'data/train/1': 'x'.repeat(400),
      'data/train/deep/2': 'x'.repeat(400),
      'data/one': 'x'.repeat(500),
      big: 'x'.repeat(700),
      e: '1',
      f: '12',
      g: '',
    });
    expect((await scan(root)).largest).toEqual([
      { path: 'data/train/', bytes: 800 },
      { path: 'big', bytes: 700 },
      { path: 'data/one', bytes: 500 },
      { path: 'f', bytes: 2 },
      { path: 'e', bytes: 1 },
    ]);
    const cacheFolder = join(newFolder(), 'cache');
    await expect(scan(root, { limitBytes: 1000, cacheFolder })).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringContaining('data/train/ 800 B'),
      hint: expect.stringContaining('.aichorignore'),
    });
    expect(existsSync(cacheFolder)).toBe(false);
  });

  it('says so above 100 MB', async () => {
    const root = newFolder();
    mkdirSync(join(root, 'ckpt'));
    execFileSync('truncate', ['-s', '101M', join(root, 'ckpt', 'model')]);
    const { notices, bytes } = await scan(root);
    expect(bytes).toBe(101 << 20);
    expect(notices).toEqual([
      { code: 'large_snapshot', message: expect.stringContaining('ckpt/model 106 MB') },
    ]);
  });

  it('stops when it is told to', async () => {
    const root = newFolder();
    for (let index = 0; index < 3000; index++) writeFileSync(join(root, String(index)), String(index));
    const controller = new AbortController();
    const scanning = scan(root, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('stop')),
    });
    await expect(scanning).rejects.toThrow('stop');
  });
});

/** What docs/administration.md tells administrators to type is typed here, in its order, and what it names is there. */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createMeter } from '../../src/server/monitor/meter.ts';
import { startGitServer, type GitServer } from '../fakes/git-server.ts';
import { BIN, makeProgram, type Program } from './program.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/administration.md'), 'utf8');
const blocksOf = (language: string) =>
  Array.from(
    page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')),
    ([, text = '']) => text,
  );
const PORT = '8642';
const REPOSITORY = 'https://git.example.org/lab/folding.git';

let program: Program;
let origin: GitServer;
beforeAll(async () => {
  program = makeProgram('admin');
  origin = await startGitServer();
});
afterAll(() => {
  origin.close();
  program.close();
});

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return String(typeof address === 'object' && address !== null ? address.port : '');
}

it.skipIf(['jq', 'curl'].some((name) => spawnSync(name, ['--version']).error !== undefined))(
  'every block of commands works, one after the other (with jq and curl)',
  async () => {
    const blocks = blocksOf('sh');
    expect(blocks.length).toBeGreaterThan(7);
    const port = await freePort();
    const lines = [
      'set -euo pipefail',
      ...blocks.flatMap((block, at) => [`echo "block ${at}" >&2`, block]),
      'wait',
    ];
    const [bin, folder] = [join(program.home, 'bin'), join(program.home, 'work')];
    for (const each of [bin, folder]) mkdirSync(each);
    symlinkSync(BIN, join(bin, 'aichor'));
    const env = { ...program.env, PATH: `${bin}:${program.env['PATH']}` };
    // The page's own port and repository are nobody's here.
    const repository = `${origin.url} --allow-inner-addresses`;
    const script = lines.join('\n').replaceAll(PORT, port).replaceAll(REPOSITORY, repository);
    expect(script).toContain(repository);
    const child = spawn('bash', ['-c', script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (piece) => (stdout += piece));
    child.stderr.on('data', (piece) => (stderr += piece));
    const [code] = await once(child, 'exit');
    // What failed has left it running.
    if (code !== 0) await program.aichor(['server', 'stop']);
    expect(code, stderr.slice(-3000)).toBe(0);
    expect(stdout.match(/"ready":true/g)).toHaveLength(2);
    // After the restore the key is known that was made before the backup; after its change the audit tells of it.
    expect(stdout.match(/"name":"ada"/g)?.length).toBeGreaterThanOrEqual(2);
    expect(stdout).toContain('aichor_experiments{status="Waiting"} 0');
    expect(stdout).toContain('key.rotate');
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ running: false });
  },
  180_000,
);

describe('what it names', () => {
  it('is there: files of the repository, and variables', () => {
    const files = new Set(page.match(/\bdeploy\/[\w./-]+\w/g));
    expect(files.size).toBeGreaterThan(4);
    for (const file of files) expect(existsSync(join(root, file)), file).toBe(true);
    for (const [, link = ''] of page.matchAll(/\]\(([^)#:]+)\)/g))
      expect(existsSync(join(root, 'docs', link)), link).toBe(true);
    const source = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
      .join('\n');
    for (const [, name = ''] of page.matchAll(/^\| `(AICHOR_\w+)/gm))
      expect(source.includes(name), `${name} is read somewhere`).toBe(true);
  });

  it('are the metrics that there are, in the table and in the rules for alerts', async () => {
    const meter = await createMeter('1', {
      experiments: () => ({}),
      deliveriesWaiting: () => 0,
      messagesWaiting: () => 0,
      requests: () => 0,
      disk: () => ({ total: 1, free: 1 }),
      used: () => ({ logs: 1 }),
      descriptors: () => 1,
    });
    const { text } = await meter.told();
    const there = new Set(Array.from(text.matchAll(/^# TYPE (\w+)/gm), ([, name = '']) => name));
    const told = Array.from(
      page.matchAll(/`((?:aichor|process)_\w+)(?:\{[\w,]+\})?`/g),
      ([, name = '']) => name,
    );
    expect(new Set(told)).toEqual(there);
    const file = join(root, 'deploy/monitoring/alerts.yaml');
    const { groups } = parse(readFileSync(file, 'utf8'));
    const rules: { alert: string; expr: string; annotations: { summary: string } }[] = groups[0].rules;
    expect(rules.length).toBeGreaterThan(5);
    for (const { alert, expr, annotations } of rules) {
      expect(annotations.summary, alert).toMatch(/\.$/);
      for (const [name] of expr.matchAll(/\baichor_\w+/g))
        expect(there, alert).toContain(name.replace(/_bucket$/, ''));
    }
    if (spawnSync('promtool', ['--version']).error === undefined)
      expect(spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' })).toMatchObject({
        status: 0,
      });
    else
      process.stderr.write('administration: promtool is not on this machine: the rules are not read by it\n');
  });
});

describe('the unit for systemd', () => {
  const unit = readFileSync(join(root, 'deploy/systemd/aichor.service'), 'utf8');

  it('starts the command that the page tells, keeps its state to its owner, and lets pods run on', () => {
    const [, command = ''] = /^ExecStart=\/usr\/bin\/env (.*)$/m.exec(unit) ?? [];
    expect(page).toContain(`${command} &`);
    for (const line of ['UMask=0077', 'StateDirectoryMode=0700', 'User=aichor', 'KillMode=process'])
      expect(unit.split('\n')).toContain(line);
    expect(unit).toMatch(/^Environment=AICHOR_HOME=\/var\/lib\/aichor /m);
    // Longer than the server waits for downloads.
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(10);
  });

  it.skipIf(spawnSync('systemd-analyze', ['--version']).error !== undefined)(
    'is one that systemd takes, and finds hardened (with systemd-analyze)',
    () => {
      const folder = join(program.home, 'unit');
      mkdirSync(folder, { recursive: true });
      const file = join(folder, 'aichor.service');
      writeFileSync(file, unit);
      const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
      expect([verified.status, verified.stderr]).toEqual([0, '']);
      const rated = spawnSync(
        'systemd-analyze',
        ['security', '--offline=true', '--threshold=25', '--no-pager', file],
        { encoding: 'utf8' },
      );
      expect(rated.status, rated.stdout.split('\n').slice(-3).join('\n')).toBe(0);
      rmSync(folder, { recursive: true });
    },
  );
});

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { createProcProcesses, parseStat } from '../../../src/machine/proc-processes.ts';
import { createPsProcesses, parseRows, parseStarts } from '../../../src/machine/ps-processes.ts';
import { chooseProcesses } from '../../../src/machine/choose-processes.ts';
import { signalGroup, signalProcess } from '../../../src/machine/signals.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
});

interface Started extends ChildProcess {
  pid: number;
}

/** Starts a script in a group of its own; resolves with it and the first line that it prints. */
async function start(
  script: string,
  env: Record<string, string> = {},
): Promise<{ child: Started; line: string }> {
  const child = spawn('sh', ['-c', script], {
    detached: true,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  const [line] = await once(createInterface(child.stdout), 'line');
  const { pid } = child;
  if (pid === undefined) throw new Error('no pid');
  return { child: Object.assign(child, { pid }), line: String(line) };
}

const ways = [
  ['ps', () => createPsProcesses(process.platform)],
  ...(process.platform === 'linux' ? [['proc', createProcProcesses] as const] : []),
] as const;

describe.each(ways)('processes by %s', (_name, create) => {
  const processes = create();

  test('what a process has taken grows with its work, and of one that has ended nothing is known', async () => {
    const { child } = await start('echo ready; while :; do :; done');
    await expect
      .poll(async () => (await processes.usageOf([child.pid])).get(child.pid), { timeout: 30_000 })
      .toSatisfy(
        ({ cpu_s: worked, bytes }) => bytes > 0 && (processes.kind === 'ps' ? worked === null : worked > 0),
      );
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await processes.usageOf([child.pid])).toEqual(new Map());
  });

  test('an identity is the same until the end, and nobody’s afterwards', async () => {
    const { child } = await start('echo ready; exec sleep 600');
    const identity = await processes.identify(child.pid);
    expect(identity).toMatchObject({ pid: child.pid, boot: await processes.bootId() });
    expect(await processes.identify(child.pid)).toEqual(identity);
    if (identity === null) throw new Error('unreachable');
    expect(await processes.isAlive(identity)).toBe(true);
    expect(await processes.isAlive({ ...identity, start: 'another' })).toBe(false);
    expect(await processes.isAlive({ ...identity, boot: 'another' })).toBe(false);
    expect(await processes.living([identity, { ...identity, start: 'another' }])).toEqual(
      new Set([identity]),
    );
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await processes.isAlive(identity)).toBe(false);
    expect(await processes.identify(child.pid)).toBeNull();
  });

  test('a zombie does not live', async () => {
    const { child, line } = await start('sleep 0.01 & echo $!; exec sleep 600');
    const zombie = Number(line);
    while ((await processes.identify(zombie)) !== null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(() => process.kill(zombie, 0), 'it is still there, unreaped').not.toThrow('ESRCH');
    process.kill(child.pid, 'SIGKILL');
  });

  test('memory of a group, stopped members too', async () => {
    const { child } = await start('echo ready; sleep 600 & kill -STOP $!; wait');
    expect((await processes.memoryOfGroups(new Set([child.pid]))).get(child.pid)).toBeGreaterThan(0);
  });

  test('memory of a group is that of all its members', async () => {
    const { child: one } = await start('echo ready; exec sleep 600');
    const { child: many } = await start(
      'for i in 1 2 3 4 5 6 7 8 9 10; do sleep 600 & done; echo ready; wait',
    );
    const ratio = async () => {
      const sizes = await processes.memoryOfGroups(new Set([one.pid, many.pid]));
      return (sizes.get(many.pid) ?? 0) / (sizes.get(one.pid) ?? Infinity);
    };
    // Those that were only just forked have not become what they are to be.
    await expect.poll(ratio).toBeGreaterThan(5);
  });

  test('by environment, own sessions included; a part of a value is not the value', async () => {
    const mark = randomUUID();
    const { child } = await start('echo ready; setsid sleep 600 & exec sleep 600', {
      MARK: mark,
      POD: 'worker-0-0',
      LAST: 'x',
    });
    while ((await processes.withEnvironment({ MARK: mark })).length < 2)
      await new Promise((resolve) => setTimeout(resolve, 5));
    const found = await processes.marked('MARK', mark, 'POD');
    expect(found).toContainEqual({ pid: child.pid, also: 'worker-0-0' });
    expect(await processes.withEnvironment({ MARK: mark.slice(0, -1) })).toEqual([]);
    expect(await processes.withEnvironment({ MARK: mark, POD: 'worker-0' })).toEqual([]);
    expect((await processes.marked('MARK', mark, 'ABSENT')).every(({ also }) => also === null)).toBe(true);
    for (const { pid } of found) signalProcess(pid, 'SIGKILL');
  });
});

describe('what is read', () => {
  test('fields of stat are counted after the last parenthesis', () => {
    const rest = Array.from({ length: 40 }, (_, index) => String(index)).join(' ');
    expect(parseStat(`12 (a) b) (c) S 1 77 ${rest}`)).toMatchObject({
      zombie: false,
      pgid: 77,
      start: '16',
    });
    expect(parseStat(`12 (x) Z 1 77 ${rest}`)?.zombie).toBe(true);
    expect(parseStat('')).toBeNull();
  });

  test('rows of ps', () => {
    expect(parseRows('  1   1 Ss   100\n 22  20 Z+     0\n\n')).toEqual([
      { pid: 1, pgid: 1, zombie: false, bytes: 102_400 },
      { pid: 22, pgid: 20, zombie: true, bytes: 0 },
    ]);
    expect(parseStarts(' 1 Ss Sun Nov  1 10:00:00 2026\n 2 Z Sun Nov  1 10:00:00 2026\n')).toEqual(
      new Map([[1, 'Sun Nov 1 10:00:00 2026']]),
    );
  });

  test('which way is taken', () => {
    expect(chooseProcesses({}, 'darwin').kind).toBe('ps');
    expect(chooseProcesses({}, 'linux').kind).toBe('proc');
    expect(chooseProcesses({ AICHOR_PROCESSES: 'ps' }, 'linux').kind).toBe('ps');
    expect(() => chooseProcesses({ AICHOR_PROCESSES: 'x' }, 'linux')).toThrow(
      expect.objectContaining({ code: 'usage' }),
    );
  });
});

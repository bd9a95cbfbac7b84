import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cgroupFolders, machineCapacity, parseCpuMax } from '../../../src/machine/capacity.ts';
import { findProgram } from '../../../src/machine/find-program.ts';
import { listGpus, parseGpuList, parseGpuUse } from '../../../src/machine/gpus.ts';
import { freePort, isPortFree } from '../../../src/machine/ports.ts';
import { createOomEvidence, parseOomKills } from '../../../src/engines/local/shared/oom.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-machine-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function program(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), `#!/bin/sh\n${text}\n`);
  await chmod(join(folder, name), 0o755);
  return folder;
}

describe('capacity', () => {
  test.each([
    ['max 100000\n', null],
    ['150000 100000\n', 1.5],
    [null, null],
  ])('cpu.max %j', (text, expected) => {
    expect(parseCpuMax(text)).toBe(expected);
  });

  test('the smallest limit of the own cgroup and those above it holds', async () => {
    await mkdir(join(folder, 'a/b'), { recursive: true });
    await writeFile(join(folder, 'a/b/cpu.max'), 'max 100000\n');
    await writeFile(join(folder, 'a/cpu.max'), '50000 100000\n');
    await writeFile(join(folder, 'a/memory.max'), `${2 ** 30}\n`);
    await writeFile(join(folder, 'own'), '0::/a/b\n');
    expect(await machineCapacity(folder, join(folder, 'own'))).toEqual({ cpus: 0.5, memory_gb: 1 });
  });

  test('version 1 has a folder per controller', async () => {
    await mkdir(join(folder, 'cpu/x'), { recursive: true });
    await writeFile(join(folder, 'cpu/x/cpu.cfs_quota_us'), '50000\n');
    await writeFile(join(folder, 'cpu/x/cpu.cfs_period_us'), '100000\n');
    await writeFile(join(folder, 'own'), '4:cpu:/x\n');
    expect((await machineCapacity(folder, join(folder, 'own'))).cpus).toBe(0.5);
    expect(await cgroupFolders(folder, join(folder, 'absent'))).toEqual([]);
  });

  test('without limits it is the machine', async () => {
    const { cpus, memory_gb } = await machineCapacity(folder, join(folder, 'absent'));
    expect(cpus).toBeGreaterThanOrEqual(1);
    expect(memory_gb).toBeGreaterThan(0);
  });
});

describe('GPUs', () => {
  const LIST =
    'GPU 0: NVIDIA A100 (UUID: GPU-1)\n  MIG 1g.5gb Device 0: (UUID: MIG-a)\n  MIG 1g.5gb Device 1: (UUID: MIG-b)\nGPU 1: NVIDIA A100 (UUID: GPU-2)\n';

  test('instances stand for a GPU that is cut up', () => {
    expect(parseGpuList(LIST)).toEqual(['MIG-a', 'MIG-b', '1']);
    expect(parseGpuList('')).toEqual([]);
    const apps = '1234, GPU-a, 512\n1235, GPU-a, [N/A]\n[Insufficient Permissions], GPU-b, 7\n';
    expect(parseGpuUse('GPU-a, 37\nGPU-b, [N/A]\n', apps)).toEqual({
      busy: new Map([['GPU-a', 0.37]]),
      users: [
        { pid: 1234, uuid: 'GPU-a', memory_bytes: 512 * 1024 * 1024 },
        { pid: 1235, uuid: 'GPU-a', memory_bytes: null },
      ],
    });
  });

  test('are what nvidia-smi lists; none without it, or when it fails', async () => {
    expect(await listGpus(folder)).toEqual([]);
    const path = await program('nvidia-smi', 'printf "GPU 0: x (UUID: GPU-1)\\n"');
    expect(await listGpus(path)).toEqual(['0']);
    await program('nvidia-smi', 'echo "no devices were found"; exit 9');
    expect(await listGpus(path)).toEqual([]);
  });
});

test('a program is found where it can be executed', async () => {
  await mkdir(join(folder, 'thing'));
  expect(await findProgram('thing', folder)).toBeNull();
  const path = await program('other', 'true');
  expect(await findProgram('other', `relative:/absent:${path}`)).toBe(join(folder, 'other'));
  await chmod(join(folder, 'other'), 0o644);
  expect(await findProgram('absent', path)).toBeNull();
});

test.each(['127.0.0.1', '0.0.0.0'])('a port that somebody holds on %s is not free', async (host) => {
  const server = createServer();
  const port = await freePort();
  server.listen(port, host);
  await once(server, 'listening');
  expect(await isPortFree(port)).toBe(false);
  server.close();
  await once(server, 'close');
  expect(await isPortFree(port)).toBe(true);
});

test.each([
  ['here', 'there here', 'SIGKILL'],
  ['here:2', 'here there here', 'SIGKILL'],
  ['here:2', 'here there', null],
  ['', 'here', null],
])('AICHOR_CRASH_AT=%s kills at it and nowhere else', async (wanted, passed, signal) => {
  const source = new URL('../../../src/base/io/crash-point.ts', import.meta.url).pathname;
  const calls = passed.split(' ').map((name) => `crashPoint('${name}');`).join(''); // prettier-ignore
  const contents = `import { crashPoint } from ${JSON.stringify(source)}; ${calls}`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    write: false,
  });
  const script = outputFiles[0]?.text ?? '';
  const child = spawn(process.execPath, ['-e', script], { env: { AICHOR_CRASH_AT: wanted } });
  expect((await once(child, 'exit'))[1]).toBe(signal);
});

describe('kills for want of memory', () => {
  test.each([
    ['nr_free 1\noom_kill 3\n', 3],
    ['low 0\noom 2\noom_kill 1\noom_group_kill 0\n', 1],
    ['oom_kill_disable 0\nunder_oom 0\noom_kill 0\n', 0],
    ['nothing', null],
    [null, null],
  ])('%j', (text, expected) => {
    expect(parseOomKills(text)).toBe(expected);
  });

  test('are counted over machine and cgroup; where nothing can be read there is no evidence', async () => {
    await writeFile(join(folder, 'vmstat'), 'oom_kill 2\n');
    await writeFile(join(folder, 'memory.events'), 'oom_kill 5\n');
    await writeFile(join(folder, 'own'), '0::/\n');
    const sources = { vmstat: join(folder, 'vmstat'), cgroupRoot: folder, ownCgroup: join(folder, 'own') };
    expect(await createOomEvidence(sources).kills()).toBe(7);
    const none = { vmstat: join(folder, 'x'), cgroupRoot: folder, ownCgroup: join(folder, 'x') };
    expect(await createOomEvidence(none).kills()).toBeNull();
  });
});

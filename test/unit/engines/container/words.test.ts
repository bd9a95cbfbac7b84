import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCounters } from '../../../../src/engines/local/container/cgroup.ts';
import { checkContainers } from '../../../../src/engines/local/container/check.ts';
import { podAddresses } from '../../../../src/engines/local/container/network.ts';
import { handVariables } from '../../../../src/engines/local/container/variables.ts';
import {
  createWords,
  type ContainerGround,
  type ContainerSpec,
} from '../../../../src/engines/local/container/words.ts';
import { jobset, planOf } from '../../../engine/house.ts';

const { security } = planOf(jobset('true'));
const SPEC: ContainerSpec = {
  experimentId: 'e',
  pod: 'worker-1-0',
  attempt: 2,
  image: 'abc',
  resources: { cpu_limit: 4, memory_gb: 1.5, shm_gb: 0 },
  security,
  devices: [],
  addresses: new Map([
    ['worker-0-0', '10.89.0.2'],
    ['worker-1-0', '10.89.0.3'],
  ]),
  volumes: [],
  variables: ['--env', 'A'],
  command: ['sh', '-c', 'x'],
};
const GROUND: ContainerGround = {
  kind: 'podman',
  cpus: 2,
  user: { uid: 1000, gid: 100 },
  hasInit: false,
  ulimits: [],
};

describe('what makes a container', () => {
  test('limits, names, the image and its command, in this order', () => {
    const words = createWords(SPEC, GROUND);
    expect(words[0]).toBe('create');
    expect(words).toEqual(
      expect.arrayContaining([
        '--name=aichor-e-2-worker-1-0',
        '--hostname=worker-1-0',
        '--network=aichor-e',
        '--memory=1536m',
        '--memory-swap=1536m',
        '--cpus=2',
        '--ip=10.89.0.3',
        '--add-host=worker-0-0:10.89.0.2',
        '--user=0:0',
        '--http-proxy=false',
        '--pull=never',
      ]),
    );
    expect(words.slice(-7)).toEqual(['--env', 'A', '--entrypoint=', 'abc', 'sh', '-c', 'x']);
    expect(words.some((word) => /shm|init|device|cap-add|add-host=worker-1/.test(word))).toBe(false);
  });

  test('GPUs by their own numbers, shared memory, capabilities, users', () => {
    const asks = { ...SPEC, devices: ['1', '3'], resources: { ...SPEC.resources, shm_gb: 2 } };
    const words = createWords(
      { ...asks, security: { ...security, ptrace: true, run_as_user: 7 } },
      { ...GROUND, hasInit: true, ulimits: ['nofile=9:9'] },
    );
    expect(words).toEqual(
      expect.arrayContaining([
        '--device=nvidia.com/gpu=1',
        '--device=nvidia.com/gpu=3',
        '--shm-size=2048m',
        '--cap-add=SYS_PTRACE',
        '--user=7:7',
        '--init',
        '--ulimit=nofile=9:9',
      ]),
    );
  });

  test('Docker has names of its own, and a user of this machine', () => {
    const words = createWords({ ...SPEC, addresses: null }, { ...GROUND, kind: 'docker' });
    expect(words).toEqual(expect.arrayContaining(['--network-alias=worker-1-0', '--user=1000:100']));
    expect(words.some((word) => /^--(?:ip|add-host|http-proxy)=/.test(word))).toBe(false);
  });

  test('a path with a comma or a quote stays one path', () => {
    const volumes = [{ folder: '/a,readonly/"b"', path: '/in' }];
    expect(createWords({ ...SPEC, volumes }, GROUND)).toContain(
      'type=bind,"source=/a,readonly/""b""",target=/in',
    );
  });
});

describe('variables', () => {
  test('values go by the environment; those that the program would act upon, in its arguments', () => {
    const handed = handVariables(
      { TOKEN: 's3cret', PATH: '/opt', LD_PRELOAD: 'x', CONTAINERS_CONF: 'y', A: 'b\nc' },
      new Set(['TOKEN']),
    );
    expect(handed.env).toEqual({ TOKEN: 's3cret', A: 'b\nc' });
    expect(handed.words).toEqual([
      '--env',
      'TOKEN',
      '--env',
      'PATH=/opt',
      '--env',
      'LD_PRELOAD=x',
      '--env',
      'CONTAINERS_CONF=y',
      '--env',
      'A',
    ]);
  });

  test('a secret of such a name is refused, and its value is not said', () => {
    expect(() => handVariables({ DOCKER_HOST: 's3cret' }, new Set(['DOCKER_HOST']))).toThrow(
      /secret DOCKER_HOST/,
    );
    expect(() => handVariables({ DOCKER_HOST: 's3cret' }, new Set(['DOCKER_HOST']))).not.toThrow(/s3cret/);
  });

  test.each([
    'GOOGLE_API_KEY',
    'GOOGLE_APPLICATION_CREDENTIALS',
    'LDAP_PASSWORD',
    'STORAGEKEY',
    'REGISTRYTOKEN',
  ])('a secret that is only called something like it is given: %s', (name) => {
    expect(handVariables({ [name]: 's3cret' }, new Set([name]))).toEqual({
      words: ['--env', name],
      env: { [name]: 's3cret' },
    });
  });

  test.each([
    'GODEBUG',
    'GOMEMLIMIT',
    'CGO_ENABLED',
    'LD_AUDIT',
    'LC_ALL',
    'LISTEN_FDS',
    'SSH_AUTH_SOCK',
    '_x',
  ])('what the program goes by does not reach it: %s', (name) =>
    expect(handVariables({ [name]: 'x' }, new Set()).env).toEqual({}),
  );
});

test('addresses of pods: after the gateway’s, over the ends of bytes, and never too many', () => {
  expect([...podAddresses(['a', 'b'], '10.89.3.0/24')]).toEqual([
    ['a', '10.89.3.2'],
    ['b', '10.89.3.3'],
  ]);
  const many = podAddresses(
    Array.from({ length: 300 }, (_, n) => `p${n}`),
    '10.89.0.0/16',
  );
  expect(many.get('p254')).toBe('10.89.1.0');
  expect(() => podAddresses(['a', 'b', 'c', 'd', 'e', 'f'], '10.0.0.0/29')).toThrow(/room for 5/);
});

test.each([
  [
    '1',
    '4:memory:/a\n1:cpu:/b\n0::/c\n',
    'memory/a',
    {
      'memory.usage_in_bytes': '100\n',
      'memory.stat': 'inactive_file 1\ntotal_inactive_file 30\n',
      'memory.oom_control': 'oom_kill_disable 0\noom_kill 2\n',
    },
  ],
  [
    '2',
    '0::/c\n',
    'c',
    {
      'memory.current': '100\n',
      'memory.stat': 'anon 5\ninactive_file 30\n',
      'memory.events': 'oom 3\noom_kill 2\n',
    },
  ],
])('counters of a container, cgroups of version %s', async (_version, text, folder, files) => {
  const root = mkdtempSync(join(tmpdir(), 'aichor-cgroup-'));
  try {
    mkdirSync(join(root, 'proc', '7'), { recursive: true });
    writeFileSync(join(root, 'proc', '7', 'cgroup'), text);
    mkdirSync(join(root, folder), { recursive: true });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(root, folder, name), content);
    const counted = await readCounters(7, { root, proc: join(root, 'proc') });
    expect(counted).toEqual({ memory_bytes: 70, oom_kills: 2 });
    expect(await readCounters(8, { root, proc: join(root, 'proc') })).toEqual({
      memory_bytes: null,
      oom_kills: null,
    });
  } finally {
    rmSync(root, { recursive: true });
  }
});

describe('what cannot be run in containers is refused', () => {
  const altered = (more: object) => ({ ...planOf(jobset('true')), ...more });
  const check = (plan: ReturnType<typeof planOf>, env = {}) =>
    checkContainers(plan, { env, store: null, program: 'podman' });

  test.each([
    ['buckets', altered({ storage: { kind: 's3', shared_volume: null, attached: [] } }), /buckets/],
    ['kuberay', altered({ operator: 'kuberay' }), /operator kuberay cannot be run in containers/],
    ['debugging', altered({ debug: { vscode: null, jupyter: { path: 'jupyter' } } }), /spec\.debug/],
    ['many pods', planOf(jobset('true', { worker: { count: 251 } })), /has 251 pods.*at most 250/],
  ])('%s', (_name, plan, why) => expect(check(plan)).rejects.toThrow(why));

  test('and a program that does not work says what it said', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aichor-podman-'));
    try {
      writeFileSync(join(folder, 'podman'), '#!/bin/sh\necho "Error: cannot re-exec" >&2; exit 125\n', {
        mode: 0o755,
      });
      await expect(check(planOf(jobset('true')), { PATH: folder })).rejects.toThrow(
        'podman does not work on this machine: cannot re-exec',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import { describe, expect, test } from 'vitest';
import {
  causeAmong,
  errorAtItsEnd,
  explainInFramework,
  type FrameworkEnd,
} from '../../../src/experiment/failure/framework-failure.ts';

const END: FrameworkEnd = {
  operator: 'pytorch', experiment: '9b2f1c3a-0000-4000-8000-000000000000', pod: 'worker-2-0', rank: 2, code: 1, tail: '', running: [0, 1, 3], finished: [],
}; // prettier-ignore

describe('the end of a rank', () => {
  test('names it, those that wait for it, and its error', () => {
    const tail = 'Traceback (most recent call last):\n  File "t.py", line 3\nValueError: no such column\n';
    expect(explainInFramework({ ...END, tail })).toEqual({
      reason: 'NonZeroExit',
      explanation:
        'rank 2 (worker-2-0) ended with code 1 while ranks 0, 1 and 3 ran on, which can only wait for it in init_process_group or a collective; ValueError: no such column',
    });
  });

  test('by a signal is called killed', () => {
    expect(explainInFramework({ ...END, code: 137 })).toMatchObject({
      reason: 'Killed',
      explanation: expect.stringContaining('was killed by signal 9 while ranks 0, 1 and 3 ran on'),
    });
  });

  test('alone in its world, or in a jobset, says nothing of ranks', () => {
    expect(explainInFramework({ ...END, running: [] })).toBeNull();
    expect(explainInFramework({ ...END, operator: 'jobset' })).toBeNull();
    expect(explainInFramework({ ...END, code: 127 })).toBeNull();
  });
});

describe('the last line of standard error', () => {
  const alone = { ...END, operator: 'jobset' as const, running: [] };

  test.each([
    [1, 'worker-2-0 exited with code 1: no data;'],
    [125, 'worker-2-0 exited with code 125: no data;'],
    [126, 'worker-2-0: a command cannot be executed (exit 126): no data;'],
    [127, 'worker-2-0: a command was not found (exit 127): no data;'],
    [128, 'worker-2-0 exited with code 128: no data;'],
    [134, 'worker-2-0 was killed by signal 6 (SIGABRT): no data;'],
    [139, 'worker-2-0 was killed by signal 11 (SIGSEGV): no data;'],
    [193, 'worker-2-0 exited with code 193: no data;'],
    [255, 'worker-2-0 exited with code 255: no data;'],
  ])('is quoted of a program that ends by itself (code %d)', (code, said) => {
    const end = { ...alone, code, tail: 'working\nno data\n', complaint: 'no data' };
    expect(explainInFramework(end)?.explanation).toContain(said);
    expect(explainInFramework({ ...end, complaint: null })).toBeNull();
  });

  test.each([129, 130, 137, 141, 143, null])('is not why somebody else ended it (%s)', (code) => {
    expect(explainInFramework({ ...alone, code, tail: 'working\n', complaint: 'working' })).toBeNull();
  });
});

describe('a program to debug with that is not there', () => {
  const debugging = { mode: 'vscode' as const, path: '/aichor/code' };

  test.each([
    [
      127,
      'bash: line 1: /aichor/code: No such file or directory\n',
      'CommandNotFound',
      'there is no program',
    ],
    [127, 'sh: 1: exec: /aichor/code: not found\n', 'CommandNotFound', 'there is no program'],
    [126, 'sh: 1: /aichor/code: Permission denied\n', 'CommandNotExecutable', 'nobody can execute'],
  ])('is named by its own key (exit %d)', (code, tail, reason, what) => {
    const repository = { paths: ['main.py'], carriage_returns: [], command: 'python main.py' };
    for (const more of [{}, { repository }]) {
      const said = explainInFramework({ ...END, ...more, code, tail, debugging });
      expect(said?.reason).toBe(reason);
      expect(said?.explanation).toContain(`spec.debug.vscode is on, and ${what} /aichor/code (exit ${code})`);
      expect(said?.explanation).toContain('spec.debug.vscode.path');
    }
  });

  test('is not what was missing where another program was', () => {
    const tail = 'bash: line 1: node: command not found\n';
    expect(explainInFramework({ ...END, code: 127, tail, debugging })?.explanation).toContain('command node');
    const plain = 'bash: line 1: /aichor/code: No such file or directory\n';
    expect(explainInFramework({ ...END, code: 127, tail: plain })?.explanation ?? '').not.toContain(
      'spec.debug',
    );
  });
});

describe('an error of Python', () => {
  test('that ends a pod is told, also where nobody waits', () => {
    const tail = 'Traceback (most recent call last):\n  File "t.py", line 3\nKeyError: "DATA_FOLDER"\n';
    expect(explainInFramework({ ...END, operator: 'jobset', running: [], tail })).toEqual({
      reason: 'NonZeroExit',
      explanation:
        'worker-2-0 exited with code 1: KeyError: "DATA_FOLDER"; its log says why: aichor experiments logs 9b2f1c3a --pod worker-2-0',
    });
  });

  test.each([
    ["KeyError: 'S3_ENDPOINT'", '--env S3_ENDPOINT=https://'],
    ["KeyError: 'AWS_ENDPOINT_URL'", '--env AWS_ENDPOINT_URL=https://'],
    ["KeyError: 'AWS_SECRET_ACCESS_KEY'", '--secret AWS_ACCESS_KEY_ID --secret AWS_SECRET_ACCESS_KEY'],
    [
      'botocore.exceptions.NoCredentialsError: Unable to locate credentials',
      '--secret AWS_ACCESS_KEY_ID --secret AWS_SECRET_ACCESS_KEY',
    ],
  ])('of code that wants object storage names the cure: %s', (error, cure) => {
    const tail = `Traceback (most recent call last):\n  File "t.py", line 3\n${error}\n`;
    const explained = explainInFramework({ ...END, operator: 'jobset', running: [], tail });
    expect(explained?.explanation).toContain(cure);
  });

  test('that was dealt with is not', () => {
    const far = `KeyError: 'x'\n${'a line\n'.repeat(9)}`;
    expect(explainInFramework({ ...END, operator: 'jobset', tail: far })).toBeNull();
    const after = `ModuleNotFoundError: No module named 'apex'\n${'a line\n'.repeat(9)}ValueError: no\n`;
    expect(explainInFramework({ ...END, operator: 'jobset', tail: after })?.explanation).toContain(
      'ValueError: no',
    );
  });

  test.each([
    "subprocess.CalledProcessError: Command '['python', 'train.py']' returned non-zero exit status 1.",
    'torch.distributed.elastic.multiprocessing.errors.ChildFailedError:',
  ])('in what a launcher started comes before the launcher’s own: %s', (last) => {
    const tail = `ValueError: no such column\nTraceback (most recent call last):\n${last}\n`;
    expect(explainInFramework({ ...END, tail })?.explanation).toMatch(/; ValueError: no such column$/);
    // Also when all ranks failed at once, and whatever the launcher prints in between.
    const apart = tail.replace('Traceback', `${'  File "launch.py"\n'.repeat(9)}Traceback`);
    expect(explainInFramework({ ...END, tail: apart, running: [] })?.explanation).toMatch(
      /^worker-2-0 exited with code 1: ValueError: no such column; its log says why/,
    );
    expect(explainInFramework({ ...END, tail: last })?.explanation).toContain(last);
  });
});

describe('a command that was not found', () => {
  test.each([
    ['bash: line 1: tensorboard: command not found', 'tensorboard', 'check spec.command'],
    ['sh: 1: torchrun: not found', 'torchrun', 'check spec.command'],
    ['./run.sh: line 4: conda: command not found', 'conda', '--python-env'],
    ['bash: poetry: command not found', 'poetry', '--python-env'],
  ])('%s', (tail, program, cure) => {
    const found = explainInFramework({ ...END, operator: 'jobset', code: 127, tail });
    expect(found).toMatchObject({ reason: 'CommandNotFound' });
    expect(found?.explanation).toMatch(new RegExp(`the command ${program} was not found.*${cure}`));
  });
});

/** Lines as the frameworks print them. */
const TEXTS: [FrameworkEnd['operator'], string, RegExp][] = [
  ['jobset', "ModuleNotFoundError: No module named 'flax.linen'", /imports flax\.linen.*dependencies/],
  ['jax', "E1122 add_port.cc:83] Failed to add port to server: No address added", /could not listen.*JAXOPERATOR_COORDINATOR_ADDRESS/],
  ['jax', 'absl::Status: DEADLINE_EXCEEDED: Deadline Exceeded\n\nRPC: /xla.coordination.CoordinationService/RegisterTask', /waited for the others in jax\.distributed\.initialize/],
  ['jax', 'UNAVAILABLE: The following tasks are unhealthy (stopped sending heartbeats)', /lost another rank/],
  ['jax', "XlaRuntimeError: INVALID_ARGUMENT: Multiprocess computations aren't implemented on the CPU backend.", /upgrade jax/],
  ['pytorch', 'RuntimeError: The server socket has failed to listen on any local network address.', /tried to listen on the port of rank 0: it and the pod of rank 0 both act as rank 0/],
  ['pytorch', 'RuntimeError: Socket Timeout', /gave up/],
  ['pytorch', 'RuntimeError: [./gloo/transport/tcp/pair.cc:589] Read error [127.0.0.1]:2468: Connection reset by peer', /lost the connection/],
  ['pytorch', 'torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB', /memory of its GPU/],
  ['xgboost', 'XGBoostError: … Failed to bind socket. system error:Address already in use', /tracker.*MASTER_PORT/],
  ['xgboost', '[comm.cc:220] Failed to bootstrap the communication group.', /waited for the others in the tracker/],
  ['kuberay', 'Exception: The current node timed out during startup.', /did not come up in time/],
  ['kuberay', 'ERROR services.py:1330 -- Failed to start the dashboard ', /did not come up in time/],
  ['kuberay', '\u001b[31mray.exceptions.OutOfMemoryError\u001b[39m: Task was killed', /short of memory/],
  ['jax', 'MemoryError: cannot allocate', /refused more memory/],
]; // prettier-ignore

describe('what a framework prints', () => {
  test.each(TEXTS)('%s: %s', (operator, tail, says) => {
    expect(explainInFramework({ ...END, operator, tail })?.explanation).toMatch(says);
  });

  test('a cause in the pod itself comes before the signs of waiting', () => {
    const tail = "RuntimeError: Socket Timeout\nModuleNotFoundError: No module named 'x'";
    expect(explainInFramework({ ...END, tail })?.explanation).toContain('imports x');
  });

  test('those that ended well before are named as the missing ones', () => {
    const tail = 'RuntimeError: Socket Timeout';
    expect(explainInFramework({ ...END, tail, finished: [1], running: [0, 3] })?.explanation).toBe(
      'worker-2-0 (rank 2) waited for the others in init_process_group or a collective and gave up: rank 1 had ended already, with code 0; every rank has to take part',
    );
  });

  test('while it waited does not say why it was killed, nor why it failed in another way later', () => {
    const tail = '[15:14:31] WARNING: Failed to connect to 127.0.0.1:9999, retrying\n';
    const end: FrameworkEnd = { ...END, operator: 'xgboost', tail };
    expect(explainInFramework({ ...end, code: 137 })?.explanation).toMatch(
      /^rank 2 .* was killed by signal 9/,
    );
    const other = `${tail}Traceback (most recent call last):\nKeyError: 'x'\n`;
    expect(explainInFramework({ ...end, tail: other })?.explanation).toMatch(
      /^rank 2 .* code 1 .*KeyError: 'x'$/,
    );
  });

  test('without the words nothing is made up', () => {
    expect(explainInFramework({ ...END, operator: 'kuberay', tail: 'all well' })).toBeNull();
  });
});

describe('several ranks', () => {
  const BARRIER =
    "INTERNAL: Shutdown barrier has failed.\nBarrier result: 'DEADLINE_EXCEEDED: Barrier timed out. Id: Shutdown::1. # of tasks that reached the barrier: 1/2. The first task at the barrier: 1. Some timed out task names: 0";
  const jax: FrameworkEnd = {
    ...END,
    operator: 'jax',
    code: 134,
    pod: 'worker-0-0',
    rank: 0,
    running: [1],
    tail: BARRIER,
  };

  test('of which one failed and waits at its end: that one is named, with its error', () => {
    const peers = [{ rank: 1, pod: 'worker-1-0', error: 'ValueError: bad batch' }];
    const said =
      'rank 1 (worker-1-0) failed with ValueError: bad batch, and waited at its end for the others, which waited for it in a collective until all were ended';
    expect(explainInFramework({ ...jax, peers })?.explanation).toBe(said);
    const own = { ...jax, pod: 'worker-1-0', rank: 1, tail: `ValueError: bad batch\n${BARRIER}` };
    expect(explainInFramework(own)?.explanation).toBe(said);
    expect(causeAmong([jax, own])).toBe(own);
  });

  test('of which one had less to do', () => {
    const peers = [{ rank: 1, pod: 'worker-1-0', error: null }];
    expect(explainInFramework({ ...jax, peers })?.explanation).toMatch(
      /^rank 1 \(worker-1-0\) had finished its work/,
    );
    // Its text is long: the part that is looked at may begin within it.
    const cut = `${BARRIER.slice(BARRIER.indexOf('\n') + 1)}\n${BARRIER}`;
    expect(explainInFramework({ ...jax, peers, tail: cut })?.explanation).toMatch(
      /^rank 1 \(worker-1-0\) had finished its work/,
    );
  });

  test('that lack the same package failed for that', () => {
    const error = "ModuleNotFoundError: No module named 'torch'";
    const peers = [0, 1, 3].map((rank) => ({ rank, pod: `worker-${rank}-0`, error }));
    expect(explainInFramework({ ...END, tail: error, peers })?.explanation).toMatch(
      /^worker-2-0 imports torch/,
    );
  });

  test('that failed with the same error waited for nobody', () => {
    const error = 'ValueError: no such column';
    const peers = [0, 1, 3].map((rank) => ({ rank, pod: `worker-${rank}-0`, error }));
    expect(explainInFramework({ ...END, tail: error, peers })?.explanation).toBe(
      'worker-2-0 exited with code 1 (and 3 other pods with the same): ValueError: no such column; its log says why: aichor experiments logs 9b2f1c3a --pod worker-2-0',
    );
  });

  test('of which one lost another: the one with an error of its own is the cause', () => {
    const lost = {
      ...END,
      tail: 'RuntimeError: [../gloo/transport/tcp/pair.cc:534] Connection closed by peer',
    };
    const own = { ...END, rank: 1, pod: 'worker-1-0', tail: 'KeyError: 3' };
    expect(causeAmong([lost, own])).toBe(own);
    expect(causeAmong([lost])).toBe(lost);
    expect(causeAmong([])).toBeNull();
  });

  test('of JAX: a lost peer is a ValueError, and initialize needs to be told', () => {
    const gone = 'ValueError: UNKNOWN: Gloo AllGather failed: [pair.cc:547] Connection closed by peer';
    expect(explainInFramework({ ...jax, tail: gone, running: [], finished: [1] })?.explanation).toBe(
      'worker-0-0 (rank 0) lost the connection to another rank: rank 1 had ended already, with code 0; every rank has to take part',
    );
    // And then it waits at its end for the one that is gone, until it is ended.
    const waited = `${gone}\n${BARRIER.replace('barrier: 1.', 'barrier: 0.')}`;
    expect(explainInFramework({ ...jax, tail: waited, running: [], finished: [1] })?.explanation).toMatch(
      /^worker-0-0 \(rank 0\) lost the connection to another rank: rank 1 had ended already, with code 0/,
    );
    const bare = 'ValueError: coordinator_address should be defined.';
    expect(explainInFramework({ ...jax, code: 1, tail: bare })?.explanation).toContain(
      'os.environ["JAXOPERATOR_COORDINATOR_ADDRESS"]',
    );
  });
});

test('torchrun’s local exit code comes from its root cause', () => {
  const box = (code: number) =>
    `torch.distributed.elastic.multiprocessing.errors.ChildFailedError:\n====\nmain.py FAILED\nRoot Cause (first observed failure):\n[0]:\n  time      : 2026\n  rank      : 1 (local_rank: 0)\n  exitcode  : ${code} (pid: 7)\n`;
  expect(explainInFramework({ ...END, tail: box(3) })?.explanation).toBe(
    'worker-2-0: the process that torchrun calls local rank 0 exited with code 3; what it printed before that is in the log',
  );
  // What its program said itself says more, however much is drawn below it.
  const told = { ...END, tail: `ValueError: no such column\n${box(1)}=====\n`, running: [] };
  expect(explainInFramework(told)?.explanation).toContain('exited with code 1: ValueError: no such column;');
  expect(explainInFramework({ ...END, tail: box(-9) })?.explanation).toContain('was killed by signal 9');
});

test.each([
  [2, 'main.py: error: unrecognized arguments: --lr', 'NonZeroExit', /code 2: main\.py: error: unrecognized/],
  [
    1,
    '/usr/bin/python3: No module named trian',
    'NonZeroExit',
    /code 1: \/usr\/bin\/python3: No module named/,
  ],
  [1, "cp: error writing '/o/x': No space left on device", 'DiskFull', /the disk was full: .*prune/],
  [1, 'OSError: [Errno 28] No space left on device', 'DiskFull', /the disk was full: .*prune/],
  [126, 'bash: ./x.sh: Permission denied', 'CommandNotExecutable', /\(exit 126\): bash: \.\/x\.sh: Perm/],
])('a program that ends with %i is quoted: %s', (code, complaint, reason, said) => {
  const end = { ...END, operator: 'jobset' as const, code, complaint, running: [] };
  expect(explainInFramework(end)).toEqual({ reason, explanation: expect.stringMatching(said) });
});

describe('two pods that act as rank 0', () => {
  const peers = [{ rank: 1, pod: 'worker-1-0', error: null }];
  const end = { ...END, rank: 0, pod: 'worker-0-0', running: [1], peers, port: 23456 };

  test.each([
    'RuntimeError: The server socket has failed to listen on any local network address. The server socket has failed to bind to [::]:23456 (errno: 98 - Address already in use).',
    'torch.distributed.DistNetworkError: The server socket has failed to listen on any local network address. port: 23456, useIpv6: false, code: -98, name: EADDRINUSE, message: address already in use',
  ])('are both named where the port is the experiment’s own: %s', (tail) => {
    expect(explainInFramework({ ...end, tail })?.explanation).toBe(
      'worker-0-0 and worker-1-0 both act as rank 0: each tried to listen on MASTER_PORT; take the rank from RANK (or NODE_RANK) instead of a fixed one',
    );
    expect(explainInFramework({ ...end, tail, port: 29500 })?.explanation).toContain(
      'another process has it',
    );
    expect(explainInFramework({ ...end, tail, peers: [] })?.explanation).toContain('another process has it');
  });
});

describe('a rank that has failed and cannot end', () => {
  const traceback = 'Traceback (most recent call last):\n  File "train.py", line 9, in <module>\n';

  test('is known by the last thing it said', () => {
    expect(errorAtItsEnd('jax', `${traceback}ValueError: bad batch\n`)).toBe('ValueError: bad batch');
    expect(errorAtItsEnd('jax', `I0000 grpc: up\n${traceback}pkg.BadError: x\n\n`)).toBe('pkg.BadError: x');
  });

  test.each([
    ['goes on', 'jax', `${traceback}ValueError: bad batch\nstep 4\n`],
    ['only mentions an error', 'jax', 'ValueError: bad batch'],
    ['says nothing', 'jax', ''],
    ['is of another framework, which ends then', 'pytorch', `${traceback}ValueError: bad batch\n`],
  ] as const)('is not one that %s', (_, operator, stderr) => {
    expect(errorAtItsEnd(operator, stderr)).toBeNull();
  });
});

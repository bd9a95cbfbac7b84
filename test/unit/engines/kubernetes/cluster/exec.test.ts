import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cluster, ExecOptions } from '../../../../../src/engines/kubernetes/api/cluster.ts';
import { openConnection } from '../../../../../src/engines/kubernetes/api/access/connection.ts';
import { createCluster } from '../../../../../src/engines/kubernetes/api/http/http-cluster.ts';
import { startFakeApi, type FakeApi } from '../../../../fakes/kubernetes-api.ts';
import { takeSockets, type FakeRun } from '../../../../fakes/kubernetes-sockets.ts';

let api: FakeApi;
let cluster: Cluster;
beforeEach(async () => {
  api = await startFakeApi();
  const access = { kind: 'kubeconfig', file: api.kubeconfig, context: null, namespace: null } as const;
  cluster = createCluster(await openConnection(access, { env: {} }));
});
afterEach(async () => {
  cluster.close();
  await api.close();
});

const SUCCESS = { status: 'Success' };
const failure = (code: number) => ({
  status: 'Failure',
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
});

function run(program: FakeRun, options: Partial<ExecOptions> = {}) {
  api.onUpgrade = takeSockets({ run: program });
  const { signal } = new AbortController();
  return cluster.exec('a', { container: 'main', command: ['tar', 'x'], stdin: null, signal, ...options });
}

describe('a program in a container', () => {
  test('gets its input to the end, and tells its output and exit code', async () => {
    const input = Buffer.alloc(300_000, 'some input ');
    const result = await run(
      async ({ command, container, stdin, print }) => {
        print('stdout', `${command.join(' ')} in ${container}: `);
        print('stderr', String((await stdin).equals(input)));
        return failure(7);
      },
      { stdin: Readable.from([input.subarray(0, 100), input.subarray(100)]) },
    );
    expect(result).toEqual({ code: 7, output: 'tar x in main: true' });
  });

  test('without input; of much output the last is kept', async () => {
    const { code, output } = await run(({ print }) => {
      print('stdout', 'x'.repeat(100_000));
      print('stdout', 'the end');
      return Promise.resolve(SUCCESS);
    });
    expect({ code, length: output.length, end: output.slice(-8) }).toEqual({
      code: 0,
      length: 65_536,
      end: 'xthe end',
    });
  });

  test('that cannot be started', async () => {
    const status = { status: 'Failure', reason: 'InternalError', message: 'no such program', code: 500 };
    await expect(run(() => Promise.resolve(status))).rejects.toMatchObject({
      name: 'ClusterError',
      status: 500,
      message: 'no such program',
    });
  });

  test('in a pod that is not there', async () => {
    await expect(
      cluster.exec('a', {
        container: 'main',
        command: ['x'],
        stdin: null,
        signal: new AbortController().signal,
      }),
    ).rejects.toMatchObject({ name: 'ClusterError', status: 404 });
  });

  test('whose connection breaks', async () => {
    const broken = run(({ cut }) => {
      cut();
      return Promise.resolve(undefined);
    });
    await expect(broken).rejects.toMatchObject({ name: 'ClusterError', status: 0 });
  });

  test('that does not read on is given up, with what it printed', async () => {
    const endless = new Readable({ read: (size) => void endless.push(Buffer.alloc(size, 'x')) });
    const stuck = run(
      ({ stopReading, print }) => {
        print('stderr', 'No space left on device');
        stopReading();
        return Promise.resolve(undefined);
      },
      { stdin: endless, patienceMs: 100 },
    );
    await expect(stuck).rejects.toMatchObject({
      reason: 'Timeout',
      message: expect.stringContaining('No space left'),
    });
    expect(endless.destroyed).toBe(true);
  });

  test('is left when the signal is aborted, and when its input fails', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const left = run(
      () => {
        abort.abort(reason);
        return Promise.resolve(undefined);
      },
      { signal: abort.signal },
    );
    await expect(left).rejects.toBe(reason);
    const stdin = new Readable({ read: () => stdin.destroy(new Error('the file is gone')) });
    await expect(run(() => new Promise(() => undefined), { stdin })).rejects.toThrow('the file is gone');
  });
});

describe('a port of a pod', () => {
  test('bytes go there and back', async () => {
    api.onUpgrade = takeSockets({ port: (bytes) => Buffer.from(bytes.toString().toUpperCase()) });
    const stream = await cluster.forward('a', 8080);
    stream.write('hello');
    const [answer] = await Readable.prototype.take.call(stream, 1).toArray();
    expect(String(answer)).toBe('HELLO');
    stream.destroy();
  });

  test('where nobody listens', async () => {
    api.onUpgrade = takeSockets({
      port: () => {
        throw new Error('connection refused');
      },
    });
    const stream = await cluster.forward('a', 8080);
    stream.write('hello');
    await expect(stream.toArray()).rejects.toMatchObject({
      reason: 'PortForward',
      message: 'Error: connection refused',
    });
  });
});

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAichorError } from '../../../../../src/errors.ts';
import type { ClusterAccess } from '../../../../../src/engines/kubernetes/api/access/cluster-access.ts';
import { signalGroup } from '../../../../../src/machine/signals.ts';
import { openConnection } from '../../../../../src/engines/kubernetes/api/access/connection.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aichor-connection-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Config {
  user?: object;
  current?: string;
  cluster?: object;
}

async function kubeconfig({
  user = { token: 'a-token' },
  current = 'dev',
  cluster = {},
}: Config = {}): Promise<string> {
  const file = join(folder, 'config');
  const config = {
    'current-context': current,
    clusters: [{ name: 'c', cluster: { server: 'https://k8s.test:6443/', ...cluster } }],
    users: [{ name: 'me', user }],
    contexts: [
      { name: 'dev', context: { cluster: 'c', user: 'me', namespace: 'team' } },
      { name: 'prod', context: { cluster: 'c', user: 'me' } },
      { name: 'torn', context: { cluster: 'nobody', user: 'me' } },
    ],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

function access(file: string, context: string | null = null, namespace: string | null = null): ClusterAccess {
  return { kind: 'kubeconfig', file, context, namespace };
}

/** A plugin that counts its runs in a file. */
async function plugin(body: string): Promise<{ command: string; runs(): Promise<number> }> {
  const command = join(folder, 'plugin');
  const count = join(folder, 'count');
  await writeFile(count, '');
  await writeFile(command, `#!/bin/sh\necho run >> ${count}\n${body}\n`);
  await chmod(command, 0o755);
  return { command, runs: async () => (await readFile(count, 'utf8')).split('\n').length - 1 };
}

function credential(status: object): string {
  return `cat <<'END'\n${JSON.stringify({ kind: 'ExecCredential', status })}\nEND`;
}

async function failureOf(opening: Promise<unknown>) {
  const error = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isAichorError(error)) throw new Error(`no AichorError: ${String(error)}`);
  return { code: error.code, message: error.message, hint: error.hint ?? '' };
}

describe('which cluster, and where in it', () => {
  test('the current context, with its namespace', async () => {
    const connection = await openConnection(access(await kubeconfig()), { env: {} });
    expect(connection).toMatchObject({ server: 'https://k8s.test:6443', namespace: 'team' });
    expect((await connection.credentials()).headers).toEqual({ Authorization: 'Bearer a-token' });
  });

  test('another context, the default namespace, and one that is asked for', async () => {
    const file = await kubeconfig();
    expect(await openConnection(access(file, 'prod'), { env: {} })).toMatchObject({ namespace: 'default' });
    expect(await openConnection(access(file, 'prod', 'mine'), { env: {} })).toMatchObject({
      namespace: 'mine',
    });
  });

  test('a name and a password', async () => {
    const file = await kubeconfig({ user: { username: 'u', password: 'p' } });
    const { headers } = await (await openConnection(access(file), { env: {} })).credentials();
    expect(headers).toEqual({ Authorization: 'Basic dTpw' });
  });
});

test('a token in a file is read, and read again after it was refused', async () => {
  await writeFile(join(folder, 'token'), 'first\n');
  const file = await kubeconfig({ user: { tokenFile: 'token', token: 'older' } });
  const connection = await openConnection(access(file), { env: {} });
  const before = await connection.credentials();
  expect(before.headers).toEqual({ Authorization: 'Bearer first' });
  await writeFile(join(folder, 'token'), 'second\n');
  expect((await connection.renewed(before)).headers).toEqual({ Authorization: 'Bearer second' });
});

test('a context whose cluster and user stand in another file', async () => {
  const whole: Record<string, unknown> = JSON.parse(await readFile(await kubeconfig(), 'utf8'));
  const { contexts, ...rest } = whole;
  const [one, other] = [join(folder, 'contexts'), join(folder, 'rest')];
  await writeFile(one, JSON.stringify({ contexts }));
  await writeFile(other, JSON.stringify(rest));
  const connection = await openConnection(access(`${one}${delimiter}${other}`, 'prod'), { env: {} });
  expect(connection.server).toBe('https://k8s.test:6443');
  expect((await connection.credentials()).headers).toEqual({ Authorization: 'Bearer a-token' });
});

describe('what is wrong is told with its cure, and without credentials', () => {
  test('no file', async () => {
    const { code, message, hint } = await failureOf(
      openConnection(access(join(folder, 'nowhere')), { env: {} }),
    );
    expect({ code, message, hint }).toEqual({
      code: 'engine_unavailable',
      message: `there is no kubeconfig ${join(folder, 'nowhere')}`,
      hint: expect.stringContaining('~/.kube/config'),
    });
  });

  test('a context that is not there', async () => {
    const { code, hint } = await failureOf(openConnection(access(await kubeconfig(), 'prd'), { env: {} }));
    expect({ code, hint }).toEqual({
      code: 'usage',
      hint: 'did you mean "prod"? the contexts there are: dev, prod, torn',
    });
  });

  test('no current context', async () => {
    const { code, hint } = await failureOf(
      openConnection(access(await kubeconfig({ current: '' })), { env: {} }),
    );
    expect({ code, hint }).toEqual({ code: 'usage', hint: 'name one with --context: dev, prod, torn' });
  });

  test('a context without a cluster', async () => {
    const { code } = await failureOf(openConnection(access(await kubeconfig(), 'torn'), { env: {} }));
    expect(code).toBe('engine_unavailable');
  });

  test.each([
    ['no YAML', 'users:\n- name: me\n  user: {token: very-secret-token, ][', 'is not valid YAML at line 3'],
    ['another shape', '- very-secret-token', 'it has no keys'],
    ['nothing', '', 'it has no keys'],
    [
      'a cluster without a server',
      '{"current-context":"x","clusters":[{"name":"c","cluster":{}}],"contexts":[{"name":"x","context":{"cluster":"c"}}]}',
      'clusters[0].cluster.server is missing',
    ],
  ])('a file that is no kubeconfig: %s', async (_what, text, said) => {
    const file = join(folder, 'config');
    await writeFile(file, text);
    const { message, hint } = await failureOf(openConnection(access(file), { env: {} }));
    expect(message).toContain(said);
    expect(message + hint).not.toContain('very-secret-token');
  });

  test('a certificate file that is not there', async () => {
    const file = await kubeconfig({ cluster: { 'certificate-authority': 'ca.crt' } });
    const { code, message } = await failureOf(openConnection(access(file), { env: {} }));
    expect({ code, message }).toEqual({
      code: 'engine_unavailable',
      message: 'no credentials of user me of the kubeconfig: a file that it names cannot be read (ENOENT)',
    });
  });

  test('not in a cluster', async () => {
    const { code, hint } = await failureOf(
      openConnection({ kind: 'in-cluster', namespace: null }, { env: {} }),
    );
    expect({ code, hint }).toEqual({
      code: 'engine_unavailable',
      hint: 'give the cluster with a kubeconfig',
    });
  });
});

describe('plugins', () => {
  test('give a token, and are asked once while it holds', async () => {
    const { command, runs } = await plugin(
      credential({ token: 'from-plugin', expirationTimestamp: '2999-01-01T00:00:00Z' }),
    );
    let time = 0;
    const file = await kubeconfig({
      user: { exec: { command, apiVersion: 'client.authentication.k8s.io/v1' } },
    });
    const connection = await openConnection(access(file), { env: {}, now: () => time });
    time = 3_600_000;
    const answers = await Promise.all([connection.credentials(), connection.credentials()]);
    expect(answers.map(({ headers }) => headers['Authorization'])).toEqual([
      'Bearer from-plugin',
      'Bearer from-plugin',
    ]);
    expect(await runs()).toBe(1);
  });

  test('without an expiry are not asked for each request, but after a refusal, once for all', async () => {
    const { command, runs } = await plugin(`echo '{"status":{"token":"t'$(wc -l < ${folder}/count)'"}}'`);
    const file = await kubeconfig({ user: { exec: { command } } });
    const connection = await openConnection(access(file), { env: {}, now: () => 0 });
    const first = await connection.credentials();
    expect(await runs()).toBe(1);
    const renewed = await Promise.all([connection.renewed(first), connection.renewed(first)]);
    expect(renewed.map(({ headers }) => headers['Authorization'])).toEqual(['Bearer t2', 'Bearer t2']);
    expect((await connection.renewed(first)).headers['Authorization']).toBe('Bearer t2');
    expect(await runs()).toBe(2);
  });

  test('are found beside the kubeconfig, and told what they may ask', async () => {
    await plugin(`printf '{"status":{"token":"%s"}}' "$(printf %s "$KUBERNETES_EXEC_INFO" | tr -dc 'a-z')"`);
    const exec = { command: './plugin', apiVersion: 'v1', provideClusterInfo: true };
    const connection = await openConnection(access(await kubeconfig({ user: { exec } })), { env: {} });
    const { headers } = await connection.credentials();
    expect(headers['Authorization']).toContain('interactivefalse');
    expect(headers['Authorization']).toContain('serverhttps');
  });

  test('that are not there: how to install them', async () => {
    const exec = { command: 'no-such-plugin-of-aichor', installHint: 'Install it from the portal.' };
    const { code, message, hint } = await failureOf(
      openConnection(access(await kubeconfig({ user: { exec } })), { env: {} }),
    );
    expect({ code, message, hint }).toEqual({
      code: 'engine_unavailable',
      message: 'no-such-plugin-of-aichor, which gives the credentials of me, is not there',
      hint: 'Install it from the portal.',
    });
  });

  test.each([
    ['fail', 'echo noise >&2; echo "please log in" >&2; exit 1', 'failed: please log in'],
    [
      'fail with a secret',
      'echo "bad token eyJhbGciOiJSUzI1NiIsImtpZCI6" >&2; exit 1',
      'failed: bad token …',
    ],
    [
      'print something else',
      'echo eyJhbGciOiJSUzI1NiIsImtpZCI6',
      'failed: what it printed is no ExecCredential',
    ],
  ])('that %s', async (_what, body, said) => {
    const { command } = await plugin(body);
    const { code, message, hint } = await failureOf(
      openConnection(access(await kubeconfig({ user: { exec: { command } } })), { env: {} }),
    );
    expect(code).toBe('engine_unavailable');
    expect(message).toContain(said);
    expect(message + hint).not.toContain('eyJhbGci');
  });

  /** One that says who it is, and then waits for somebody. */
  async function waiting() {
    const made = await plugin(
      [
        `echo $$ >>${folder}/pids`,
        `if [ ! -e ${folder}/first ]; then`,
        `: >${folder}/first`,
        credential({ token: 'early' }),
        'exit; fi; sleep 600 & wait',
      ].join('\n'),
    );
    const group = async () =>
      Number((await readFile(join(folder, 'pids'), 'utf8')).trim().split('\n').at(-1));
    return { ...made, group };
  }
  async function isGone(group: number): Promise<void> {
    await expect.poll(() => signalGroup(group, 0), { timeout: 60_000 }).toBe(false);
  }

  test('that ask somebody at a terminal are not waited for, but ended', async () => {
    const { command, runs, group } = await waiting();
    await writeFile(join(folder, 'first'), '');
    const file = await kubeconfig({ user: { exec: { command } } });
    const { message } = await failureOf(openConnection(access(file), { env: {}, pluginLimitMs: 2000 }));
    expect(message).toContain('does not answer');
    expect(await runs()).toBe(1);
    await isGone(await group());
  });

  test('that do not answer any more end with their connection', async () => {
    const { command, runs, group } = await waiting();
    const file = await kubeconfig({ user: { exec: { command } } });
    let time = 0;
    const connection = await openConnection(access(file), { env: {}, now: () => time });
    time = 3_600_000;
    const asked = failureOf(connection.credentials());
    await expect.poll(runs, { timeout: 60_000 }).toBe(2);
    await expect.poll(async () => (await readFile(join(folder, 'pids'), 'utf8')).split('\n').length).toBe(3);
    connection.close();
    await isGone(await group());
    expect((await asked).message).toContain('failed');
  });
});

test('connections are kept as long as certificates stay the same', async () => {
  const ca = join(folder, 'ca.crt');
  await writeFile(ca, 'one');
  const connection = await openConnection(
    access(await kubeconfig({ cluster: { 'certificate-authority': ca } })),
    { env: {} },
  );
  const first = await connection.credentials();
  expect((await connection.credentials()).agent).toBe(first.agent);
  await writeFile(ca, 'two');
  expect((await connection.credentials()).agent).not.toBe(first.agent);
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { flatCluster, flatUser } from '../../../src/api/engine-contract.ts';
import { flatContext } from '../../../src/cli/engines/flat-context.ts';
import { findContext } from '../../../src/kubeconfig/kubeconfig.ts';
import { isAichorError } from '../../../src/errors.ts';

const SECRET = 'a-token-that-nobody-may-see';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aichor-kubeconfig-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Parts {
  current?: string;
  user?: object;
  cluster?: object;
  context?: object;
}

function write(name: string, parts: Parts | string = {}): string {
  const file = join(folder, name);
  writeFileSync(file, typeof parts === 'string' ? parts : JSON.stringify(configOf(parts)));
  return file;
}

function configOf({ current = 'lab', user = { token: SECRET }, cluster = {}, context = {} }: Parts) {
  return {
    'current-context': current,
    clusters: [{ name: 'c', cluster: { server: 'https://k8s.test:6443', ...cluster } }],
    users: [{ name: 'me', user }],
    contexts: [
      { name: 'lab', context: { cluster: 'c', user: 'me', namespace: 'team', ...context } },
      { name: 'other', context: { cluster: 'c', user: 'me' } },
    ],
  };
}

/** Never with a word of the credentials. */
async function refusal(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (!isAichorError(error)) throw error;
    const said = `${error.code}: ${error.message} | ${error.hint}`;
    expect(said).not.toContain(SECRET);
    return said;
  }
  return 'taken';
}

describe('the context that is meant', () => {
  test('is the current one of the file that is named, with its namespace', async () => {
    const file = write('config');
    const found = await findContext({ file, context: undefined, env: { KUBECONFIG: '/elsewhere' } });
    expect(found).toMatchObject({ file, context: 'lab', namespace: 'team' });
    expect(await findContext({ file, context: 'other', env: {} })).toMatchObject({
      context: 'other',
      namespace: null,
    });
  });

  test('is of the files in KUBECONFIG, the first that has it; those that are not there do not count', async () => {
    const first = write('first', { current: '' });
    const second = write('second', { context: { namespace: 'second' } });
    const env = { KUBECONFIG: [join(folder, 'absent'), first, second].join(delimiter) };
    expect(await findContext({ file: undefined, context: undefined, env })).toMatchObject({
      file: first,
      context: 'lab',
    });
  });

  test('is of ~/.kube/config otherwise', async () => {
    mkdirSync(join(folder, '.kube'));
    const file = write(join('.kube', 'config'));
    expect(await findContext({ file: undefined, context: undefined, env: { HOME: folder } })).toMatchObject({
      file,
    });
    expect(
      await refusal(() => findContext({ file: undefined, context: undefined, env: { HOME: '/nowhere' } })),
    ).toBe(
      'usage: there is no kubeconfig /nowhere/.kube/config | name the file that kubectl uses, most often ~/.kube/config, with --kubeconfig FILE or KUBECONFIG; in a pod of the cluster, --in-cluster',
    );
  });

  test.each<[string, Parts | string, string | undefined, string]>([
    ['a context that is not there', {}, 'lba', 'did you mean "lab"? the contexts there are: lab, other'],
    ['no current context', { current: '' }, undefined, 'name one with --context: lab, other'],
    ['a cluster that is not there', { context: { cluster: 'gone' } }, 'lab', 'has no cluster "gone"'],
    ['a user that is not there', { context: { user: 'gone' } }, 'lab', 'has no user "gone"'],
    ['broken YAML', `users:\n- user: {token: ${SECRET}\n  x: [`, undefined, 'is not valid YAML at line'],
    ['another document', '[]', undefined, 'is no kubeconfig'],
  ])('is refused for %s', async (_what, parts, context, said) => {
    const file = write('config', parts);
    expect(await refusal(() => findContext({ file, context, env: {} }))).toContain(said);
  });
});

describe('several files are merged as kubectl merges them', () => {
  const lab = { name: 'lab', context: { cluster: 'c', user: 'me', namespace: 'team' } };
  const cluster = (server: string, more = {}) => ({ name: 'c', cluster: { server, ...more } });
  const me = (token: string) => ({ name: 'me', user: { token } });
  const inFile = (name: string, config: object) => write(name, JSON.stringify(config));
  const found = (files: string[], context?: string) =>
    findContext({ file: undefined, context, env: { KUBECONFIG: files.join(delimiter) } });

  test.each([
    ['first', (one: string, other: string) => [one, other]],
    ['last', (one: string, other: string) => [other, one]],
  ])('a context may name a cluster and a user of another file (its own comes %s)', async (_, inOrder) => {
    const contexts = inFile('contexts', { 'current-context': 'lab', contexts: [lab] });
    mkdirSync(join(folder, 'more'));
    const rest = inFile(join('more', 'rest'), {
      clusters: [cluster('https://one', { 'certificate-authority': 'ca.pem' })],
      users: [me(SECRET)],
    });
    const unrelated = inFile('unrelated', { clusters: [{ name: 'x', cluster: { server: 'https://x' } }] });
    expect(await found([...inOrder(contexts, rest), unrelated])).toEqual({
      file: inOrder(contexts, rest).join(delimiter),
      context: 'lab',
      namespace: 'team',
      // From the folder of the file that names it.
      cluster: { server: 'https://one', 'certificate-authority': join(folder, 'more', 'ca.pem') },
      user: { token: SECRET },
      userName: 'me',
    });
    const { file } = await found([contexts, rest]);
    const again = await findContext({ file, context: 'lab', env: {} });
    expect(again).toEqual(await found([contexts, rest]));
  });

  test('of two of one name the first counts, and the first current context', async () => {
    const one = inFile('one', {
      'current-context': 'lab',
      contexts: [lab],
      clusters: [cluster('https://one')],
    });
    const other = inFile('other', {
      'current-context': 'elsewhere',
      contexts: [
        { name: 'lab', context: { cluster: 'gone' } },
        { name: 'elsewhere', context: { cluster: 'c', user: 'me' } },
      ],
      clusters: [cluster('https://other')],
      users: [me('b')],
    });
    expect(await found([one, other])).toMatchObject({ context: 'lab', cluster: { server: 'https://one' } });
    expect(await found([other, one])).toMatchObject({ context: 'elsewhere', file: other });
    expect(await found([one, other], 'elsewhere')).toMatchObject({
      cluster: { server: 'https://one' },
      user: { token: 'b' },
    });
  });

  test('what is in none of them is said of all', async () => {
    const one = inFile('one', { 'current-context': 'lab', contexts: [lab] });
    const other = inFile('other', { users: [me(SECRET)] });
    expect(await refusal(() => found([one, other]))).toContain(`${one}, ${other} has no cluster "c"`);
  });
});

describe('a context that is sent', () => {
  const flat = async (parts: Parts) =>
    flatContext(await findContext({ file: write('config', parts), context: 'lab', env: {} }));

  test('has nothing of the others, and nothing but what the control plane takes', async () => {
    const sent = await flat({
      cluster: { 'insecure-skip-tls-verify': true, 'tls-server-name': 'k8s', extensions: [{ name: 'x' }] },
    });
    expect(sent).toEqual({
      kind: 'stored',
      context: 'lab',
      cluster: {
        server: 'https://k8s.test:6443',
        'insecure-skip-tls-verify': true,
        'tls-server-name': 'k8s',
      },
      user: { token: SECRET },
    });
    expect(flatCluster.parse(sent.cluster)).toEqual(sent.cluster);
    expect(flatUser.parse(sent.user)).toEqual(sent.user);
  });

  test('has what stands in files beside it', async () => {
    for (const name of ['ca.pem', 'me.pem', 'me.key']) write(name, `text of ${name}`);
    write('token', `${SECRET}\n`);
    const base64 = (name: string) => Buffer.from(`text of ${name}`).toString('base64');
    const { cluster, user } = await flat({
      cluster: { 'certificate-authority': 'ca.pem' },
      user: {
        'client-certificate': 'me.pem',
        'client-key': join(folder, 'me.key'),
        tokenFile: 'token',
        token: 'old',
      },
    });
    expect(cluster['certificate-authority-data']).toBe(base64('ca.pem'));
    expect(user).toEqual({
      'client-certificate-data': base64('me.pem'),
      'client-key-data': base64('me.key'),
      token: SECRET,
    });
  });

  test.each([
    [
      { exec: { command: 'aws', args: [SECRET] } },
      'gets its credentials from a program (aws): it cannot be stored',
    ],
    [{ 'auth-provider': { name: 'oidc' } }, 'gets its credentials from a program (oidc)'],
    [{ token: SECRET, as: 'admin' }, 'acts as somebody else'],
    [{ tokenFile: 'absent' }, 'cannot be read (ENOENT)'],
  ])('cannot be made of %j', async (user, said) => {
    expect(await refusal(() => flat({ user }))).toContain(said);
  });
});

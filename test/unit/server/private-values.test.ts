import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { experimentFolder, foldersBelow } from '../../../src/server/process/folders.ts';
import {
  openPrivateStore,
  type PrivateStore,
  type PrivateValues,
} from '../../../src/server/submission/private-values.ts';

const VALUES: PrivateValues = {
  secrets: { TOKEN: 'correct horse battery staple' },
  shell: { PATH: '/bin' },
  python_env: '/venv',
  rebuild: true,
};
const NONE: PrivateValues = { secrets: {}, shell: {}, python_env: null, rebuild: false };

const silent = { error: () => undefined };

let data: string;
let store: PrivateStore;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'aichor-private-'));
  store = await openPrivateStore(foldersBelow(data), silent);
});

afterEach(async () => {
  store.close();
  await rm(data, { recursive: true, force: true });
});

/** Names of the files that hold a text. */
async function holding(text: string): Promise<string[]> {
  const names = await readdir(data);
  const contents = await Promise.all(names.map((name) => readFile(join(data, name))));
  return names.filter((_name, index) => contents[index]?.includes(text));
}

describe('private values', () => {
  test('are there for the next server, in files that only this user reads', async () => {
    store.put(new Map([['one', VALUES]]));
    store.close();
    store = await openPrivateStore(foldersBelow(data), silent);
    expect(await store.read('one')).toEqual(VALUES);
    expect(await store.read('two')).toEqual(NONE);
    for (const name of await readdir(data)) expect((await stat(join(data, name))).mode & 0o777).toBe(0o600);
  });

  test('are nowhere in the files once they are removed', async () => {
    store.put(new Map([['one', VALUES]]));
    expect(await holding('battery')).not.toEqual([]);
    store.remove(['one']);
    expect(await holding('battery')).toEqual([]);
  });

  test('of experiments that did not come to be go at the next start', async () => {
    store.put(new Map([['one', VALUES]]).set('two', VALUES));
    store.keepOnly(['two', 'three']);
    expect(await store.read('one')).toEqual(NONE);
    expect(await store.read('two')).toEqual(VALUES);
  });

  test('of an earlier version are read from its file', async () => {
    const folder = experimentFolder(foldersBelow(data), 'old');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'secrets.json'), JSON.stringify({ secrets: { A: 'b' }, shell: {} }));
    expect(await store.read('old')).toEqual({ ...NONE, secrets: { A: 'b' } });
  });
});

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { experimentFolder, foldersBelow } from '../../../src/server/process/folders.ts';
import { openDatabase } from '../../../src/server/store/database.ts';
import type { SharedValues } from '../../../src/server/store/tables/shared-values.ts';
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
const OTHERS: PrivateValues = { ...VALUES, secrets: { TOKEN: 'another' } };
const NONE: PrivateValues = { secrets: {}, shell: {}, python_env: null, rebuild: false };

const silent = { error: () => undefined };

let data: string;
let store: PrivateStore;
/** Names by experiment: what the records tell. */
let named: Map<string, string>;

const shared: SharedValues = {
  nameOf: (id) => named.get(id) ?? null,
  isUsed: (name) => [...named.values()].includes(name),
  isUsedByOthers: (name, id) => [...named].some(([other, one]) => other !== id && one === name),
  names: () => [...named.values()],
};

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'aichor-private-'));
  named = new Map();
  store = await openPrivateStore(foldersBelow(data), shared, silent);
});

afterEach(async () => {
  store.close();
  await rm(data, { recursive: true, force: true });
});

/** As an experiment is made. */
function make(id: string, values: PrivateValues): string {
  const [name = ''] = store.put([values]);
  named.set(id, name);
  return name;
}

/** As one is deleted. */
function remove(id: string): void {
  store.remove(id);
  named.delete(id);
}

async function reopened(): Promise<void> {
  store.close();
  store = await openPrivateStore(foldersBelow(data), shared, silent);
}

/** Names of the files that hold a text. */
async function holding(text: string): Promise<string[]> {
  const names = await readdir(data);
  const contents = await Promise.all(names.map((name) => readFile(join(data, name))));
  return names.filter((_name, index) => contents[index]?.includes(text));
}

describe('private values', () => {
  test('are there for the next server, in files that only this user reads', async () => {
    make('one', VALUES);
    await reopened();
    expect(await store.read('one')).toEqual(VALUES);
    expect(await store.read('two')).toEqual(NONE);
    for (const name of await readdir(data)) expect((await stat(join(data, name))).mode & 0o777).toBe(0o600);
  });

  test('are nowhere in the files once they are removed', async () => {
    make('one', VALUES);
    expect(await holding('battery')).not.toEqual([]);
    remove('one');
    expect(await holding('battery')).toEqual([]);
  });

  test('that experiments have in common stand there once, and nothing is written for the next one', async () => {
    const [first, second, third] = store.put([VALUES, OTHERS, VALUES]);
    expect(third).toBe(first);
    expect(second).not.toBe(first);
    const before = await stat(join(data, 'private-values.sqlite-wal'), { bigint: true });
    expect(store.put([VALUES])).toEqual([first]);
    const after = await stat(join(data, 'private-values.sqlite-wal'), { bigint: true });
    expect([after.size, after.mtimeNs]).toEqual([before.size, before.mtimeNs]);
  });

  test('that experiments have in common go with the last of them', async () => {
    make('one', VALUES);
    make('two', VALUES);
    remove('one');
    expect(await store.read('two')).toEqual(VALUES);
    remove('two');
    expect(await holding('battery')).toEqual([]);
    make('three', VALUES);
    await reopened();
    expect(await store.read('three')).toEqual(VALUES);
  });

  test('of experiments that were refused are forgotten, unless others have them', async () => {
    make('one', VALUES);
    store.forget(store.put([VALUES, OTHERS]));
    expect(await holding('another')).toEqual([]);
    expect(await store.read('one')).toEqual(VALUES);
  });

  test('of experiments that did not come to be go at the next start', async () => {
    store.put([VALUES]);
    make('two', OTHERS);
    await reopened();
    store.keepOnly(['two', 'three']);
    expect(await holding('battery')).toEqual([]);
    expect(await store.read('two')).toEqual(OTHERS);
  });

  test('that an earlier version wrote stand under the id of their experiment', async () => {
    const file = await openDatabase(foldersBelow(data).privateValues, { timeoutMs: 5000 });
    const insert = file.prepare('INSERT INTO private_values (id, text) VALUES (?, ?)');
    for (const id of ['old', 'gone']) insert.run(id, JSON.stringify(VALUES));
    file.close();
    store.keepOnly(['old']);
    expect(await store.read('old')).toEqual(VALUES);
    expect(await store.read('gone')).toEqual(NONE);
    remove('old');
    expect(await holding('battery')).toEqual([]);
  });

  test('of the first versions are read from the file of the experiment', async () => {
    const folder = experimentFolder(foldersBelow(data), 'old');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'secrets.json'), JSON.stringify({ secrets: { A: 'b' }, shell: {} }));
    expect(await store.read('old')).toEqual({ ...NONE, secrets: { A: 'b' } });
  });
});

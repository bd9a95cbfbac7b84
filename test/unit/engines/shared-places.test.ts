import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leavePlaces, missingTops, takePlaces } from '../../../src/engines/local/mounts/shared-places.ts';

let own: string;
const NAME = `/tmp/aichor-places-${process.pid}`;
const folder = { path: `${NAME}-folder`, isFolder: true };
const file = { path: `${NAME}-file`, isFolder: false };
beforeEach(() => (own = mkdtempSync(join(tmpdir(), 'places-'))));
afterEach(() => {
  for (const path of [own, folder.path, file.path]) rmSync(path, { recursive: true, force: true });
});

/** Experiments with folders of their own, of one state folder or of several. */
function experiment(experimentId: string) {
  const directory = join(own, experimentId);
  mkdirSync(directory);
  return { directory, experimentId };
}

describe.runIf(process.platform === 'linux')('places for mounts in /tmp', () => {
  test.each([folder, file])('stay as long as somebody needs them', async (each) => {
    const [one, two] = [experiment('one'), experiment('two')];
    expect([...(await takePlaces([each], one))]).toEqual([each.path]);
    expect([...(await takePlaces([each], two))]).toEqual([each.path]);
    // The same again, as after a restart.
    expect([...(await takePlaces([each], two))]).toEqual([each.path]);
    const { ino } = lstatSync(each.path);
    await leavePlaces(one.directory, 'one');
    expect(lstatSync(each.path).ino).toBe(ino);
    await leavePlaces(one.directory, 'one');
    await leavePlaces(two.directory, 'two');
    expect(existsSync(each.path)).toBe(false);
    expect(existsSync(`/tmp/.aichor-two-${each.path.slice('/tmp/'.length)}`)).toBe(false);
  });

  test('that are somebody’s own are used, and stay', async () => {
    mkdirSync(folder.path);
    writeFileSync(file.path, 'text');
    const one = experiment('one');
    expect((await takePlaces([folder, file], one)).size).toBe(2);
    await leavePlaces(one.directory, 'one');
    expect([existsSync(folder.path), existsSync(file.path)]).toEqual([true, true]);
  });

  test('are refused where there is something else', async () => {
    symlinkSync(own, folder.path);
    mkdirSync(file.path);
    expect((await takePlaces([folder, file], experiment('one'))).size).toBe(0);
  });

  test('deeper ones need what they lie in', async () => {
    const deep = { path: `${folder.path}/a/b`, isFolder: true };
    expect(missingTops([deep])).toEqual([folder.path]);
    expect(missingTops([deep, folder])).toEqual([]);
    const one = experiment('one');
    expect([...(await takePlaces([deep, folder], one))]).toEqual([folder.path, deep.path]);
    await leavePlaces(one.directory, 'one');
    expect(existsSync(folder.path)).toBe(false);
  });
});

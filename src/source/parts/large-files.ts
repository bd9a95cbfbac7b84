import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ifThere } from '../../base/io/files.ts';
import { isLocal } from '../repository.ts';
import { runGit, type GitOptions } from '../run-git.ts';

/** Files of Git LFS in a commit. */
export interface LargeFiles {
  /** Of the repository; its own host is asked for them. */
  address: string;
  sha: string;
  /** A kept repository: what it has of them is not fetched again, and what is fetched stays there. */
  kept: string | null;
}

/**
 * Settings that make files of a commit that Git LFS keeps those files, where its program is there. It asks the repository's own host
 * for them: an address that the commit names (`.lfsconfig`) is anybody's.
 */
export async function lfsSettings(
  { address, sha, kept }: LargeFiles,
  looking: GitOptions,
): Promise<string[]> {
  const attributes = [
    'grep',
    '--quiet',
    '--fixed-strings',
    'filter=lfs',
    sha,
    '--',
    ':(glob)**/.gitattributes',
  ];
  if (!(await runGit(attributes, looking)).ok) return [];
  if (!(await runGit(['lfs', 'version'], looking)).ok) return [];
  const isHttp = /^https?:\/\//i.test(address);
  const server = isHttp ? `${address.replace(/\/+$/, '').replace(/\.git$/, '')}.git/info/lfs` : address;
  return [
    'filter.lfs.process=git-lfs filter-process',
    'filter.lfs.smudge=git-lfs smudge -- %f',
    'filter.lfs.required=true',
    // A clone of this machine may hold pointers alone: they are told, as those of a directory are.
    isLocal(address) ? 'lfs.skipdownloaderrors=true' : `lfs.url=${server}`,
    ...(kept === null ? [] : await keptIn(kept, sha, looking)),
  ];
}

/** Git LFS takes what it has for what it should be by its length alone: so it is looked at first. */
async function keptIn(kept: string, sha: string, looking: GitOptions): Promise<string[]> {
  const storage = join(kept, LARGE_FILES);
  if ((await ifThere(stat(storage))) !== null) {
    const { stdout } = await runGit(['lfs', 'ls-files', '--long', sha], looking);
    for (const line of stdout.split('\n')) {
      const oid = /^[0-9a-f]{64}(?= )/.exec(line)?.[0];
      if (oid !== undefined) await used(join(storage, 'objects', oid.slice(0, 2), oid.slice(2, 4), oid), oid);
    }
  }
  return [`lfs.storage=${storage}`];
}

/** Its folder in a kept repository. */
const LARGE_FILES = 'lfs';

/** One that is not what it is called is removed. */
async function used(file: string, oid: string): Promise<void> {
  if ((await ifThere(utimes(file, new Date(), new Date()).then(() => true))) === null) return;
  const content = createHash('sha256');
  const isRead = await ifThere(pipeline(createReadStream(file), content).then(() => true));
  if (isRead !== null && content.digest('hex') !== oid) await rm(file, { force: true });
}

/** Removes from a kept repository what no commit has asked for the longest, until so much is left. Nobody may be at it meanwhile. */
export async function trimLargeFiles(kept: string, mostBytes: number): Promise<void> {
  const objects = join(kept, LARGE_FILES, 'objects');
  const names = (await ifThere(readdir(objects, { recursive: true }))) ?? [];
  const files: { file: string; bytes: number; used: number }[] = [];
  for (const name of names) {
    const found = await ifThere(stat(join(objects, name)));
    if (found?.isFile()) files.push({ file: join(objects, name), bytes: found.size, used: found.mtimeMs });
  }
  let bytes = files.reduce((sum, each) => sum + each.bytes, 0);
  for (const each of files.toSorted((a, b) => a.used - b.used)) {
    if (bytes <= mostBytes) return;
    await rm(each.file, { force: true });
    bytes -= each.bytes;
  }
}

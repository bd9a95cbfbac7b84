import { createHash } from 'node:crypto';
import { readdirSync, lstatSync, readlinkSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../../base/io/run.ts';
import { ImageTree, type FileNode } from '../../../../dockerfile/tree/image-tree.ts';
import type { SnapshotReader } from '../../../engine.ts';
import { isFolder, removeTree } from '../../pod/workdir.ts';
import { contextPrefix } from './context.ts';

export interface ArchivePlace {
  snapshot: Pick<SnapshotReader, 'read'>;
  /** `builder.context`. */
  context: string;
  /** Private folder of the experiment: archives are unpacked in it. */
  directory: string;
}

/** Unpacks archives that ADD names, told by their content; null: it is none, and is copied as it is. */
export function createUnpacker({
  snapshot,
  context,
  directory,
}: ArchivePlace): (file: FileNode) => Promise<ImageTree | null> {
  return async ({ origin }) => {
    if (origin.kind === 'text') return null;
    const content =
      origin.kind === 'made'
        ? await readFile(origin.path)
        : await snapshot.read(`${contextPrefix(context)}${origin.path}`);
    if (content === null || !isArchive(content)) return null;
    const folder = join(directory, 'archives', createHash('sha256').update(content).digest('hex'));
    if (!isFolder(folder) && !(await unpack(content, folder))) return null;
    return treeOf(folder);
  };
}

/** tar, or what gzip, bzip2, xz and zstd have packed. */
function isArchive(content: Buffer): boolean {
  const begins = (...bytes: number[]) => bytes.every((byte, index) => content[index] === byte);
  const isPacked =
    begins(0x1f, 0x8b) ||
    begins(0x42, 0x5a, 0x68) ||
    begins(0xfd, 0x37, 0x7a, 0x58, 0x5a) ||
    begins(0x28, 0xb5, 0x2f, 0xfd);
  return isPacked || content.subarray(257, 262).toString('latin1') === 'ustar';
}

/** By the system's tar, which keeps to the folder. False: it is packed, and no tar. */
async function unpack(content: Buffer, folder: string): Promise<boolean> {
  const beside = `${folder}.new`;
  await removeTree(beside);
  await mkdir(beside, { recursive: true, mode: 0o700 });
  const words = ['-x', '--no-same-owner', '-f', '-', ...packing(content), '-C', beside];
  const { ok } = await run('tar', words, { env: process.env, input: content });
  if (!ok) {
    // Packed, but no archive: `ADD notes.txt.gz` copies it.
    await removeTree(beside);
    return false;
  }
  await rename(beside, folder);
  return true;
}

/** Of what comes by a pipe tar does not find out how it is packed. */
function packing(content: Buffer): string[] {
  if (content[0] === 0x1f) return ['--gzip'];
  if (content[0] === 0x42) return ['--bzip2'];
  if (content[0] === 0xfd) return ['--xz'];
  return content[0] === 0x28 ? ['--zstd'] : [];
}

function treeOf(root: string): ImageTree {
  const tree = new ImageTree();
  const walk = (folder: string) => {
    for (const entry of readdirSync(`${root}${folder}`, { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      const mode = lstatSync(`${root}${path}`).mode & 0o7777;
      if (entry.isSymbolicLink()) tree.put(path, { kind: 'link', target: readlinkSync(`${root}${path}`) });
      else if (entry.isFile())
        tree.put(path, { kind: 'file', origin: { kind: 'made', path: `${root}${path}` }, mode });
      else if (entry.isDirectory()) {
        tree.put(path, { kind: 'folder', mode });
        walk(path);
      }
    }
  };
  walk('');
  return tree;
}

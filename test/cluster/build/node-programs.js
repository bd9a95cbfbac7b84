import { mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { privateApt } from './apt.js';
import { NODE_PACKAGES } from './versions.js';

const PROGRAMS = [
  'usr/bin/etcd',
  'usr/bin/containerd',
  'usr/bin/containerd-shim-runc-v2',
  'usr/bin/ctr',
  'usr/sbin/runc',
  'bin/busybox',
];

/** etcd, containerd, runc, CNI plugins and busybox, unpacked below `root/`; `bin/` names the programs. */
export async function nodePrograms({ folder, work, command }) {
  const apt = await privateApt(join(work, 'apt'), command);
  const debs = join(work, 'debs');
  await mkdir(debs, { recursive: true });
  await command('apt-get', ['-c', apt, 'download', ...NODE_PACKAGES], { cwd: debs });
  const root = join(folder, 'root');
  for (const deb of await readdir(debs)) await command('dpkg-deb', ['-x', join(debs, deb), root]);
  await rm(join(root, 'usr/share'), { recursive: true });
  await mkdir(join(folder, 'bin'));
  for (const program of PROGRAMS) {
    const libraries = await command('sh', ['-c', 'ldd "$1" 2>&1 || true', 'sh', join(root, program)]);
    if (libraries.includes('not found')) throw new Error(`${program} lacks libraries:\n${libraries}`);
    await symlink(join('../root', program), join(folder, 'bin', program.split('/').at(-1)));
  }
}

import { chmod, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { privateApt } from './apt.js';
import { writeImage } from './oci-image.js';
import { RAY } from './versions.js';

/** Packages that only installing needs: nothing is installed, files are unpacked. */
const NEEDLESS = /^(?:perl|libperl|usrmerge|lib.*-perl_|dpkg_|tar_|debconf|init-system|gcc-)/;
const PLATFORMS = ['manylinux2014_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_28_x86_64'];

/** Python and Ray in an image: Debian packages unpacked, wheels beside them; no script of a package runs. */
export async function rayImage({ folder, work, command }) {
  const root = join(work, 'root');
  await debianRoot(root, work, command);
  await installRay(root, command);
  await command('chroot', [
    root,
    '/usr/bin/python3',
    '-c',
    'import importlib.metadata as m; m.version("ray")',
  ]);
  await writeImage({ root, name: 'localhost/ray:test', to: join(folder, 'ray.tar'), cmd: ['/bin/bash'], command }); // prettier-ignore
  await rm(root, { recursive: true });
}

async function debianRoot(root, work, command) {
  const apt = await privateApt(join(work, 'apt'), command);
  const debs = join(work, 'debs');
  await mkdir(join(debs, 'partial'), { recursive: true });
  const cache = ['-o', `Dir::Cache::archives=${debs}`];
  await command('apt-get', ['-c', apt, ...cache, '-y', '--download-only', 'install', ...RAY.packages]);
  const files = (await readdir(debs)).filter((file) => file.endsWith('.deb') && !NEEDLESS.test(file));
  for (const file of files) await command('dpkg-deb', ['-x', join(debs, file), root]);
  for (const name of ['doc', 'locale', 'man', 'info'])
    await rm(join(root, 'usr/share', name), { recursive: true, force: true });
  for (const name of ['tmp', 'root', 'proc', 'sys', 'dev', 'usr/local/bin'])
    await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await rm(join(root, 'bin/sh'), { force: true });
  await symlink('dash', join(root, 'bin/sh'));
  await symlink('python3', join(root, 'usr/bin/python'));
}

async function installRay(root, command) {
  const site = join(root, 'usr/local/lib', `python${RAY.python}`, 'dist-packages');
  const platforms = PLATFORMS.flatMap((platform) => ['--platform', platform]);
  const wheels = ['--only-binary=:all:', '--python-version', RAY.python, ...platforms];
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-compile', ...wheels, '--target', site];
  await command('python3', [...pip, `ray[default]==${RAY.version}`]);
  // pip names the interpreter that it ran on itself; here it is the image's.
  for (const script of await readdir(join(site, 'bin'))) {
    const text = await readFile(join(site, 'bin', script), 'utf8');
    const to = join(root, 'usr/local/bin', script);
    await writeFile(to, text.replace(/^#!.*python.*/, '#!/usr/bin/python3'), { mode: 0o755 });
  }
  await rm(join(site, 'bin'), { recursive: true });
}

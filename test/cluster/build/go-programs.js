import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const modulesFolder = join(import.meta.dirname, '../modules');

/**
 * Builds the tools of one of `modules/` into `bin/`. A module of our own for each product: Kubernetes replaces
 * libraries by folders of its repository, which nobody else's build follows, and go.sum pins everything.
 *
 * @param {(module: {version: string}) => string} [flags] for the linker
 * @returns the source folder of the module that its first tool comes from
 */
async function build({ folder, command }, name, flags = () => '') {
  const env = { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: '0' };
  const cwd = join(modulesFolder, name);
  const listed = await command('go', ['list', '-f', '{{.Module.Version}} {{.Module.Dir}}', 'tool'], {
    cwd,
    env,
  });
  const [version, source] = listed.split('\n')[0].split(' ');
  const out = `${join(folder, 'bin')}/`;
  await command('go', ['build', '-trimpath', '-o', out, '-ldflags', `-s -w ${flags({ version })}`, 'tool'], { cwd, env }); // prettier-ignore
  return source;
}

/** Without its version a server says 0.0.0, and clients that look at it go wrong. */
export function kubernetes(part) {
  const at = 'k8s.io/component-base/version';
  return build(part, 'kubernetes', ({ version }) => {
    const [major, minor] = version.slice(1).split('.');
    return `-X ${at}.gitVersion=${version} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`;
  });
}

export async function jobset(part) {
  const source = await build(part, 'jobset');
  await copyAll(join(source, 'config/components/crd/bases'), join(part.folder, 'crds'));
  await copyFile(
    join(source, 'config/components/webhook/manifests.yaml'),
    join(part.folder, 'webhooks.yaml'),
  );
}

/** Its gate for RayCronJob is off, and every large definition costs seconds at the start. */
export async function kuberay(part) {
  const source = await build(part, 'kuberay');
  await copyAll(
    join(source, 'config/crd/bases'),
    join(part.folder, 'crds'),
    (file) => !file.includes('raycronjobs'),
  );
}

/** Its own webhooks and those that translate between the versions of its kinds go by address, as JobSet's do. */
export async function kueue(part) {
  const source = join(await build(part, 'kueue'), 'config/components');
  await copyAll(join(source, 'crd/bases'), join(part.folder, 'crds'));
  await copyFile(join(source, 'webhook/manifests.yaml'), join(part.folder, 'webhooks.yaml'));
}

/** The program has no stages of its own, and does nothing without. */
export async function kwok(part) {
  const at = 'sigs.k8s.io/kwok/pkg/consts.Version';
  const source = join(await build(part, 'kwok', ({ version }) => `-X ${at}=${version}`), 'kustomize');
  await copyAll(join(source, 'crd/bases'), join(part.folder, 'crds'), (file) =>
    /_(?:stages|clusterlogs|logs)\.yaml$/.test(file),
  );
  for (const stage of ['node/fast/node-initialize', 'node/heartbeat-with-lease/node-heartbeat-with-lease', 'pod/fast/pod-ready', 'pod/fast/pod-delete'])
    await copyAll(join(source, 'stage', stage, '..'), join(part.folder, 'stages'), (file) => stage.endsWith(`/${file.replace('.yaml', '')}`)); // prettier-ignore
}

async function copyAll(from, to, wanted = () => true) {
  await mkdir(to, { recursive: true });
  const files = (await readdir(from)).filter((file) => file.endsWith('.yaml') && wanted(file));
  for (const file of files) await copyFile(join(from, file), join(to, file));
}

import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { baseImages } from './builds/base-images.js';
import { buildkit, registry, rootlessImage } from './builds/buildkit.js';
import { jobset, kubernetes, kuberay, kueue, kwok, modulesFolder } from './go-programs.js';
import { busyboxImages, imagesFolder, templatesFolder } from './images.js';
import { nodePrograms } from './node-programs.js';
import { goVersion } from './obstacles.js';
import { rayImage } from './ray-image.js';

const own = (...files) => files.map((file) => join(import.meta.dirname, file));
const goInputs = (name) => [...own('go-programs.js'), join(modulesFolder, name)];

const builds = (...files) => files.map((file) => join(import.meta.dirname, 'builds', file));

/**
 * What a cluster is made of, in the order of building: the quick parts first, so that mistakes show early. `inputs` are
 * files and folders; `go`: built with Go; `from`: made of another part.
 */
const OF_CLUSTER = [
  { name: 'node-programs', make: nodePrograms, inputs: own('node-programs.js', 'apt.js', 'versions.js') },
  {
    name: 'busybox-images',
    make: busyboxImages,
    inputs: [
      ...own('images.js', 'oci-image.js'),
      imagesFolder,
      ...['repository', 'project'].map((name) => join(templatesFolder, name, 'Dockerfile.eta')),
    ],
    from: 'node-programs',
  },
  { name: 'ray-image', make: rayImage, inputs: own('ray-image.js', 'apt.js', 'oci-image.js', 'versions.js') },
  { name: 'kwok', make: kwok, inputs: goInputs('kwok'), go: true },
  { name: 'jobset', make: jobset, inputs: goInputs('jobset'), go: true },
  { name: 'kuberay', make: kuberay, inputs: goInputs('kuberay'), go: true },
  { name: 'kueue', make: kueue, inputs: goInputs('kueue'), go: true },
  { name: 'kubernetes', make: kubernetes, inputs: goInputs('kubernetes'), go: true },
];

/** What images are really built with, and pushed to, in it. */
const OF_BUILDS = [
  { name: 'registry', make: registry, inputs: [...builds('buildkit.js', 'debian.js'), ...own('apt.js')] },
  { name: 'base-images', make: baseImages, inputs: [...builds('base-images.js', 'debian.js', 'versions.js'), ...own('apt.js', 'oci-image.js')] },
  { name: 'buildkit', make: buildkit, inputs: [...builds('buildkit.js'), join(modulesFolder, 'buildkit')], go: true },
  { name: 'buildkit-image', make: rootlessImage, inputs: [...builds('buildkit.js', 'debian.js'), ...own('apt.js', 'oci-image.js')], from: 'buildkit' },
]; // prettier-ignore

export const PARTS = [...OF_CLUSTER, ...OF_BUILDS];
export const CLUSTER_PARTS = OF_CLUSTER.map(({ name }) => name);
export const BUILD_PARTS = OF_BUILDS.map(({ name }) => name);

/** Names of the parts' folders: a part is built again exactly when something that goes into it has changed. */
export async function partFolders() {
  const folders = {};
  for (const { name, inputs, go, from } of PARTS) {
    const hash = createHash('sha256').update(`${go ? goVersion() : ''}\0${from ? folders[from] : ''}\0`);
    for (const input of inputs) await hashInto(hash, input);
    folders[name] = `${name}-${hash.digest('hex').slice(0, 16)}`;
  }
  return folders;
}

async function hashInto(hash, path, top = path) {
  if ((await stat(path)).isDirectory())
    for (const name of (await readdir(path)).sort()) await hashInto(hash, join(path, name), top);
  else
    hash
      .update(`${relative(top, path)}\0`)
      .update(await readFile(path))
      .update('\0');
}

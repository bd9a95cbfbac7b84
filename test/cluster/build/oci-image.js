import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const STEADY = ['--numeric-owner', '--mtime=@0', '--sort=name'];
/** Of files: what they may do. */
const CAPABILITIES = ['--xattrs', '--xattrs-include=security.capability'];
const AS_ROOT = ['--owner=0', '--group=0', ...STEADY];
const PATH = 'PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin';
const OCI = 'application/vnd.oci.image';

/**
 * Writes a folder as an image of one layer, as a tar that `ctr images import` takes.
 *
 * @param {{root: string, name: string, to: string, cmd: string[], user?: string, env?: string[], asRoot?: boolean,
 *   command: Function}} options `asRoot: false`: files belong to whom they belong to here
 */
export async function writeImage({ root, name, to, cmd, user, env = [], asRoot = true, command }) {
  await mkdir(dirname(to), { recursive: true });
  const layout = await mkdtemp(`${to}-`);
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layer = await layerBlob(root, {
    blobs,
    command,
    owners: asRoot ? AS_ROOT : [...STEADY, ...CAPABILITIES],
  });
  const config = await jsonBlob(blobs, {
    architecture: 'amd64',
    os: 'linux',
    config: {
      ...{ Cmd: cmd, Env: [PATH, ...env], WorkingDir: '/' },
      ...(user !== undefined && { User: user }),
    },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = await jsonBlob(blobs, {
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: { mediaType: `${OCI}.config.v1+json`, ...config },
    layers: [{ mediaType: `${OCI}.layer.v1.tar`, ...layer }],
  });
  const annotations = { 'io.containerd.image.name': name };
  const index = {
    schemaVersion: 2,
    manifests: [{ mediaType: `${OCI}.manifest.v1+json`, ...manifest, annotations }],
  };
  await writeFile(join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await command('tar', ['-cf', `${to}.part`, ...AS_ROOT, '-C', layout, 'oci-layout', 'index.json', 'blobs']);
  await rename(`${to}.part`, to);
  await rm(layout, { recursive: true });
}

async function layerBlob(root, { blobs, command, owners }) {
  const tar = join(blobs, 'layer');
  await command('tar', ['-cf', tar, ...owners, '-C', root, '.']);
  const hash = createHash('sha256');
  for await (const piece of createReadStream(tar)) hash.update(piece);
  const digest = hash.digest('hex');
  await rename(tar, join(blobs, digest));
  return { digest: `sha256:${digest}`, size: (await stat(join(blobs, digest))).size };
}

async function jsonBlob(blobs, value) {
  const text = JSON.stringify(value);
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(join(blobs, digest), text);
  return { digest: `sha256:${digest}`, size: Buffer.byteLength(text) };
}

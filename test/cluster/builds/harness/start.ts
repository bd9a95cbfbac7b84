import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { builtParts, buildParts } from '../../build/build.js';
import { BUILD_PARTS } from '../../build/parts.js';
import { say } from '../../build/say.js';
import { startPackageIndex } from './package-index.ts';
import { startRegistry, type Registry } from './registry.ts';

declare module 'vitest' {
  interface ProvidedContext {
    builds: FoundBuilds;
  }
}

/** What images are built with, and pushed to. */
export interface FoundBuilds {
  /** Why there is nothing of it; null: there is. */
  missing: string | null;
  /** The registry's program, for registries of a test's own. */
  program: string;
  /** With a certificate of the cluster's authority: what is built goes there. */
  registry: Pick<Registry, 'host' | 'folder'>;
  /** Over plain HTTP, with the images that Dockerfiles name. */
  mirror: string;
  /** Addresses of indexes of packages. */
  index: { python: string; npm: string };
  /** Text of the authority. */
  authority: string;
}

const NOTHING: Omit<FoundBuilds, 'missing'> = { program: '', registry: { host: '', folder: '' }, mirror: '', index: { python: '', npm: '' }, authority: '' }; // prettier-ignore

/**
 * Builds what is missing, and starts registries and an index of packages beside the cluster that was found:
 *
 * - `AICHOR_BUILDS_MISSING`: why there is none
 */
export default async function start(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { missing, state } = project.getProvidedContext().cluster;
  const reason =
    missing ??
    (process.env['AICHOR_BUILDS_MISSING'] || null) ??
    (state === null ? 'images are built in a cluster of this suite only' : null);
  if (reason !== null || state === null) return provideNone(project, reason ?? '');
  const parts = (await builtParts(BUILD_PARTS)) ?? (await buildParts(BUILD_PARTS, { say }));
  const folder = await mkdtemp(join(tmpdir(), 'aichor-b-'));
  const program = join(parts['registry'] ?? '', 'bin/docker-registry');
  const registry = await startRegistry({ state, program, folder: join(folder, 'main'), port: 5443, tls: true }); // prettier-ignore
  const mirror = await startRegistry({ state, program, folder: join(folder, 'mirror'), port: 5000 });
  const index = await startPackageIndex(state, folder);
  const ctr = inside(state);
  ctr('import', join(parts['buildkit-image'] ?? '', 'buildkit.tar'));
  for (const name of ['python', 'uv', 'node']) {
    const [image = ''] = /\S+/.exec(ctr('import', join(parts['base-images'] ?? '', `${name}.tar`)).replace('unpacking ', '')) ?? []; // prettier-ignore
    ctr('tag', '--force', image, `${mirror.host}/${image}`);
    ctr('push', '--plain-http', `${mirror.host}/${image}`);
  }
  const authority = await readFile(join(state, 'pki/ca.crt'), 'utf8');
  project.provide('builds', {
    ...{
      missing: null,
      program,
      mirror: mirror.host,
      index: { python: index.python, npm: index.npm },
      authority,
    },
    registry: { host: registry.host, folder: registry.folder },
  });
  return async () => {
    await Promise.all([registry.stop(), mirror.stop(), index.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
}

/** In CI a suite that cannot run is no suite. */
function provideNone(project: TestProject, reason: string): undefined {
  if (process.env['CI']) throw new Error(`no builds: ${reason}`);
  process.stderr.write(`test:builds is skipped: ${reason}\n`);
  project.provide('builds', { ...NOTHING, missing: reason });
}

/** The runtime's images. */
function inside(state: string): (...words: string[]) => string {
  const program = join(import.meta.dirname, '../../cluster.js');
  return (...words) =>
    execFileSync(process.execPath, [program, 'enter', 'ctr', '-n', 'k8s.io', 'images', ...words], {
      env: { ...process.env, AICHOR_CLUSTER: state },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
}

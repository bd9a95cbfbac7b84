import { randomUUID } from 'node:crypto';
import type { ConfigMap, Secret } from 'kubernetes-types/core/v1.js';
import { beforeEach, describe, inject } from 'vitest';
import type { ExperimentRecord } from '../../../../src/experiment/record.ts';
import { isTerminal } from '../../../../src/experiment/status.ts';
import { moment } from '../../../faults/processes.ts';
import { RESOURCES } from '../../../../src/engines/kubernetes/api/objects.ts';
import { at } from '../../harness/kubernetes.ts';
import { inPlace, type Place } from '../../harness/place.ts';
import { RESOURCES_OF_POD } from '../../harness/work.ts';

export const builds = inject('builds');

/** Scenarios with images that are really built. Where they cannot be they are skipped, and their reason says why. */
export function withBuilds(title: string, body: () => void): void {
  describe.concurrent(`images: ${title}`, () => {
    beforeEach(({ skip }) => skip(builds.missing !== null, builds.missing ?? undefined));
    body();
  });
}

/** Longer than any build takes on a busy machine. */
const PATIENCE_MS = 800_000;

interface BuildPlaceOptions {
  /** More of the settings `build`. */
  build?: object;
  registry?: string;
  /** More of the settings. */
  settings?: object;
  patienceMs?: number;
  /** Secrets of the namespace, with the texts of their keys. */
  secrets?: Record<string, Record<string, string>>;
}

/** A place whose engine builds: through the mirror, with the authority and the index of packages of this suite. */
export function inBuildPlace(
  test: (place: Place) => Promise<void>,
  {
    build = {},
    // Images of one name share the cache of their layers.
    registry = `${builds.registry.host}/${randomUUID().slice(0, 8)}`,
    secrets = {},
    settings: more,
    patienceMs = PATIENCE_MS,
  }: BuildPlaceOptions = {},
): Promise<void> {
  const settings = { ...settingsOfBuilds(build), registry, ...more };
  const before = async (namespace: string) => {
    await trustAuthority(namespace);
    for (const [name, stringData] of Object.entries(secrets))
      await at(RESOURCES.secrets, namespace).create<Secret>({
        ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name } },
        ...('.dockerconfigjson' in stringData && { type: 'kubernetes.io/dockerconfigjson' }),
        stringData,
      });
  };
  return inPlace(test, { settings, before, patienceMs });
}

/** Settings of an engine that builds here. */
export function settingsOfBuilds(more: object = {}) {
  return {
    image_pull_policy: 'IfNotPresent',
    build: {
      image: 'localhost/buildkit:rootless',
      mirrors: { 'docker.io': [builds.mirror] },
      insecure_registries: [builds.mirror],
      ca: AUTHORITY,
      index_url: builds.index.python,
      ...more,
    },
  };
}

const AUTHORITY = 'company';

/** What the setting `build.ca` names in a namespace. */
export async function trustAuthority(namespace: string): Promise<void> {
  await at(RESOURCES.configMaps, namespace).create<ConfigMap>({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: AUTHORITY } },
    data: { 'ca.crt': builds.authority },
  });
}

interface Built {
  dockerfile: string;
  command: string;
  /** Of the manifest. Default: built, and called `app`. */
  builder?: object;
  files?: Record<string, string>;
}

/** Submits an experiment whose image is built. @returns its id */
export async function submitBuilt(place: Place, { dockerfile, command, builder, files }: Built): Promise<string> {
  const manifest = builtManifest({ command, ...(builder !== undefined && { builder }) });
  const written = { Dockerfile: dockerfile, 'aichor_manifests/manifest.yaml': manifest, ...files };
  const snapshot = await place.world.upload({ script: 'true', files: written });
  return place.world.submit(snapshot, { engine: 'cluster' });
} // prettier-ignore

/** The manifest of an experiment whose image is built. */
export function builtManifest({ command, builder }: Pick<Built, 'command' | 'builder'>): string {
  return JSON.stringify({
    ...{ kind: 'AIchorManifest', apiVersion: '0.2.3' },
    builder: { image: 'app', dockerfile: './Dockerfile', context: '.', ...builder },
    spec: { operator: 'jobset', image: 'app', command, types: { worker: { count: 1, resources: RESOURCES_OF_POD } } },
  });
} // prettier-ignore

/** What a step of an experiment printed, as one text. */
export async function printed(place: Place, id: string, step: 'build' | 'run'): Promise<string> {
  const lines = await place.world.lines(id);
  return lines.filter((line) => line.step === step).map(({ text }) => text).join('\n'); // prettier-ignore
}

/** Waits until the build has printed something; its own text must not be in the Dockerfile, which is printed, too. */
export async function untilBuildPrints(place: Place, id: string, text: string): Promise<void> {
  for (;;) {
    const { stdout } = await place.world.aichor(['experiments', 'logs', id, '--step', 'build']);
    if (stdout.includes(text)) return;
    const { status, reason, explanation } = await place.world.client.get(id);
    if (isTerminal(status)) throw new Error(`ended before: ${reason}: ${explanation}`);
    await moment(200);
  }
}

/** For messages of failed expectations. */
export function why({ status, reason, explanation }: ExperimentRecord): string {
  return JSON.stringify({ status, reason, explanation });
}

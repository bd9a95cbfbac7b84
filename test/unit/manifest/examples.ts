import { stringify } from 'yaml';
import type { Path } from '../../../src/manifest/diagnostic.ts';
import { parseManifest } from '../../../src/manifest/parse.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Document = { [key: string]: Json };

const RESOURCES = { cpus: 2, memory: 8 };
const WORKER = { worker: { count: 2, resources: RESOURCES } };

const TYPES: Record<string, Document> = {
  jax: WORKER,
  pytorch: WORKER,
  xgboost: WORKER,
  jobset: { master: { resources: RESOURCES }, worker: { count: 2, completions: 3, resources: RESOURCES } },
  kuberay: { Head: { resources: RESOURCES }, Workers: [{ name: 'cpu', count: 1, resources: RESOURCES }] },
  vertexai: {
    workerPoolSpecs: [
      {
        machineSpec: {
          machineType: 'n1-standard-4',
          acceleratorType: 'NVIDIA_TESLA_T4',
          acceleratorCount: 1,
        },
        replicaCount: 1,
      },
    ],
  },
};

/** A small valid manifest of an operator, as data. */
export function example(operator: string): Document {
  return unshared({
    kind: 'AIchorManifest',
    apiVersion: '0.2.3',
    builder: { image: 'image', dockerfile: './Dockerfile' },
    spec: { operator, image: 'image', command: 'python main.py', types: TYPES[operator] ?? {} },
  });
}

/** A copy in which no two places are the same object, so that YAML needs no anchors for it. */
function unshared(document: Document): Document {
  return JSON.parse(JSON.stringify(document));
}

/** The same with one place changed; undefined takes the key out. Maps on the way are made. */
export function changed(document: Document, path: Path, value: Json | undefined): Document {
  const copy = unshared(document);
  let here: Json = copy;
  for (const [index, part] of path.entries()) {
    const last = index === path.length - 1;
    if (Array.isArray(here)) {
      if (last) here[Number(part)] = value ?? null;
      here = here[Number(part)] ?? null;
    } else if (typeof here === 'object' && here !== null) {
      if (last && value === undefined) delete here[part];
      else here[part] = last ? (value ?? null) : (here[part] ?? {});
      here = here[part] ?? null;
    }
  }
  return copy;
}

export function text(document: Document): string {
  return stringify(document);
}

/** A path as the tests write it: `spec.types.Workers.0.name`. */
export function path(dots: string): Path {
  return dots.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** `severity code` of every diagnostic, in order. */
export function verdicts(source: string | Uint8Array, options: { strict?: boolean } = {}): string[] {
  return parseManifest(source, 'manifest.yaml', options).diagnostics.map(
    ({ severity, code }) => `${severity} ${code}`,
  );
}

/** The manifest of a text that is valid; throws with the mistakes otherwise. */
export function valid(source: string) {
  const { manifest, diagnostics } = parseManifest(source, 'manifest.yaml');
  if (manifest === null) throw new Error(JSON.stringify(diagnostics, null, 1));
  return manifest;
}

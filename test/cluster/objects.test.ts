/** What would be created is what the API server takes: each golden object, against the real schemas and webhooks. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RESOURCES, type KubeObject, type Resource } from '../../src/engines/kubernetes/api/objects.ts';
import { moment } from '../faults/processes.ts';
import { cluster, onCluster } from './harness/found.ts';
import { at } from './harness/kubernetes.ts';
import { createNamespace, removeNamespace } from './harness/namespace.ts';

const GOLDEN = join(import.meta.dirname, '../fixtures/golden');
const DRY = { dryRun: 'All', fieldValidation: 'Strict' };

function resourceOf({ apiVersion = '', kind = '' }: KubeObject): Resource {
  const found = Object.values(RESOURCES).find(
    (each) => each.kind === kind && [each.group, each.version].filter((part) => part !== '').join('/') === apiVersion,
  );
  if (found === undefined) throw new Error(`${apiVersion} ${kind}`);
  return found;
} // prettier-ignore

async function objectsOf(file: string): Promise<KubeObject[]> {
  const golden: { objects: KubeObject[] } = JSON.parse(await readFile(join(GOLDEN, file), 'utf8'));
  return golden.objects;
}

function specOf(object: KubeObject & { spec?: unknown }): unknown {
  return object.spec;
}

let namespace = '';

/** Its pods' names would have 64 characters: only the webhook minds. */
const UNNAMEABLE = 'n'.repeat(52);

/** The API server learns of webhooks in its own time. */
async function untilHooksAnswer(jobset: KubeObject): Promise<void> {
  const wrong = { ...jobset, metadata: { name: UNNAMEABLE } };
  for (;;) {
    const refusal = await at(RESOURCES.jobsets, namespace)
      .create(wrong, DRY)
      .then(() => '', String);
    if (refusal.includes('denied the request')) return;
    if (refusal !== '') throw new Error(refusal);
    await moment(100);
  }
}

beforeAll(async () => {
  if (cluster.missing !== null || cluster.state === null) return;
  namespace = await createNamespace({});
  const [jobset] = (await objectsOf('example-jobset.json')).filter(({ kind }) => kind === 'JobSet');
  await untilHooksAnswer(jobset ?? {});
});

afterAll(async () => {
  if (namespace !== '') await removeNamespace(namespace);
});

onCluster(
  'the API server, strict, with the webhooks of JobSet',
  () => {
    test('takes every golden object as it is; defaulting adds nothing to a JobSet that we left out', async () => {
      for (const file of await readdir(GOLDEN))
        for (const object of await objectsOf(file)) {
          const stored = await at(resourceOf(object), namespace).create(object, DRY);
          if (object.kind === 'JobSet') expect(specOf(stored), file).toEqual(specOf(object));
        }
    });
  },
  { own: true },
);

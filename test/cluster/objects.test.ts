/** What would be created is what the API server takes: each golden object, against the real schemas and webhooks. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
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

interface Hooks extends KubeObject {
  webhooks: { namespaceSelector?: object }[];
}

const hookResource = (kind: string): Resource => ({
  ...{ group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false, kind },
  plural: `${kind.toLowerCase()}s`,
});

function specOf(object: KubeObject & { spec?: unknown }): unknown {
  return object.spec;
}

let namespace = '';
const installed: { resource: Resource; name: string }[] = [];

/** Its pods' names would have 64 characters: only the webhook minds. */
const UNNAMEABLE = 'n'.repeat(52);

/** The API server learns of new webhooks in its own time. */
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

/** JobSet's webhooks, for this namespace only. */
async function installHooks(state: string): Promise<void> {
  const documents = parseAllDocuments(await readFile(join(state, 'jobset-webhooks.yaml'), 'utf8'));
  for (const document of documents) {
    const hooks: Hooks = document.toJS();
    const resource = hookResource(hooks.kind ?? '');
    const name = `${namespace}-${hooks.metadata?.name ?? ''}`;
    for (const hook of hooks.webhooks)
      hook.namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
    await at(resource, null).create({ ...hooks, metadata: { name } });
    installed.push({ resource, name });
  }
}

beforeAll(async () => {
  if (cluster.missing !== null || cluster.state === null) return;
  namespace = await createNamespace({});
  await installHooks(cluster.state);
  const [jobset] = (await objectsOf('example-jobset.json')).filter(({ kind }) => kind === 'JobSet');
  await untilHooksAnswer(jobset ?? {});
});

afterAll(async () => {
  for (const { resource, name } of installed) await at(resource, null).remove(name);
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

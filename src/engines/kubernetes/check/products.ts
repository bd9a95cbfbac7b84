import type { EngineFinding } from '../../engine.ts';
import type { Looked } from './looked.ts';
import type { Cluster } from '../api/cluster.ts';
import { listAt, partOf, readDocument, textAt } from '../api/document.ts';
import { RESOURCES, type Resource } from '../api/objects.ts';
import { hasField, readable, schemaOf } from '../api/schema.ts';
import { servedVersions } from '../api/served.ts';
import { missing, ok, warning } from './finding.ts';

/** What brings a kind of workload, and by which fields of it its versions are told apart. */
interface Product {
  name: string;
  resource: Resource;
  least: string;
  recommended: string;
  /** Newest first: a field of the workload, as a path of its schema, and the version it came with. */
  fields: readonly { path: readonly string[]; since: string }[];
  /** Fields that the engine writes: without them it is too old. */
  needed: readonly (readonly string[])[];
  /** Label of its controller's Deployment. */
  controller: string;
  install: string;
}

const JOBSET: Product = {
  name: 'JobSet',
  resource: RESOURCES.jobsets,
  least: '0.7',
  recommended: '0.12',
  fields: [
    { path: ['spec', 'volumeClaimPolicies'], since: '0.11' },
    { path: ['spec', 'replicatedJobs', '[]', 'groupName'], since: '0.9' },
    { path: ['spec', 'replicatedJobs', '[]', 'dependsOn'], since: '0.8' },
    { path: ['spec', 'failurePolicy', 'restartStrategy'], since: '0.7' },
    { path: ['spec', 'failurePolicy', 'rules'], since: '0.6' },
  ],
  needed: [
    ['spec', 'failurePolicy', 'restartStrategy'],
    ['spec', 'failurePolicy', 'rules'],
    ['spec', 'coordinator'],
    ['spec', 'ttlSecondsAfterFinished'],
  ],
  controller: 'app.kubernetes.io/name=jobset',
  install: 'kubectl apply --server-side -f manifests.yaml, from the release page of kubernetes-sigs/jobset',
};

const KUBERAY: Product = {
  name: 'KubeRay',
  resource: RESOURCES.rayjobs,
  least: '1.4',
  recommended: '1.6',
  fields: [
    { path: ['spec', 'deletionStrategy', 'deletionRules'], since: '1.5' },
    { path: ['spec', 'deletionStrategy'], since: '1.4' },
    { path: ['spec', 'backoffLimit'], since: '1.2' },
  ],
  needed: [
    ['spec', 'backoffLimit'],
    ['spec', 'submitterPodTemplate'],
    ['spec', 'submitterConfig'],
    ['spec', 'activeDeadlineSeconds'],
  ],
  controller: 'app.kubernetes.io/name=kuberay',
  install: 'helm install kuberay-operator kuberay/kuberay-operator, from the charts of ray-project/kuberay',
};

/** JobSet, without which nothing runs, and KubeRay, which the operator kuberay needs. */
export async function checkProducts({ cluster }: Looked): Promise<EngineFinding[]> {
  return Promise.all([
    checkProduct(cluster, JOBSET, missing),
    checkProduct(cluster, KUBERAY, (said) =>
      warning({ ...said, message: `${said.message}; only the operator kuberay needs it` }),
    ),
  ]);
}

type Complaint = (said: { name: string; message: string; hint: string }) => EngineFinding;

async function checkProduct(cluster: Cluster, product: Product, complain: Complaint): Promise<EngineFinding> {
  const { name, resource, least, recommended, needed, install } = product;
  const { group, version, plural } = resource;
  const hint = `a cluster admin installs ${name} ${recommended} (at least ${least}): ${install}`;
  const served = await servedVersions(cluster, group);
  if (served.length === 0) return complain({ name, message: `${name} is not installed`, hint });
  if (!served.includes(version)) {
    const message = `${name} serves ${group}/${served.join(', ')}; ${version} is needed`;
    return complain({ name, message, hint });
  }
  const schema = await schemaOf(cluster, resource);
  if (schema === null)
    return ok({
      name,
      message: `${plural}.${group}/${version} is served; which ${name} it is cannot be told`,
    });
  const lacking = needed.find((path) => !hasField(schema, path));
  if (lacking !== undefined)
    return complain({ name, message: `${name} is too old: it has no ${lacking.join('.')}`, hint });
  const told = await controllerVersion(cluster, product);
  if (told === 'none running')
    return complain({ name, message: `${name} is installed, but its controller does not run`, hint });
  return ok({ name, message: told ?? guessed(product, schema) });
}

/** Which version it must be at least, by the fields it has. */
function guessed({ name, fields }: Product, schema: unknown): string {
  const since = fields.find(({ path }) => hasField(schema, path))?.since;
  return since === undefined ? `${name} is there` : `${name}, by its fields ${since} or later`;
}

/** By the image of its controller. Null: this user may not look, or it is called otherwise. */
async function controllerVersion(cluster: Cluster, { name, controller }: Product): Promise<string | null> {
  const query = `labelSelector=${encodeURIComponent(controller)}`;
  const found = await readable(() => readDocument(cluster, `/apis/apps/v1/deployments?${query}`));
  const [deployment] = listAt(found, 'items');
  if (deployment === undefined) return null;
  const image = textAt(listAt(deployment, 'spec', 'template', 'spec', 'containers')[0], 'image');
  const tag = /:v?(\d+\.\d+[^@]*)/.exec(image ?? '')?.[1];
  const runs = Number(partOf(deployment, 'status', 'availableReplicas') ?? 0) > 0;
  if (!runs) return 'none running';
  return tag === undefined ? null : `${name} ${tag}`;
}

import { workloadOf } from '../workload/choose-workload.ts';
import type { Plan } from '../../../experiment/plan/plan.ts';
import { didYouMean } from '../../../base/text/did-you-mean.ts';
import type { Finding, Path } from '../../../manifest/diagnostic.ts';
import { engineFindings, type EngineFacts } from '../../../operators/engine-fit.ts';
import { givenEndpoint } from '../../../operators/protected.ts';
import { ENGINE_OPERATORS } from '../../../operators/table.ts';
import type { KubernetesSettings } from '../../../render/kubernetes/settings/settings.ts';
import { claimOf } from '../../../render/kubernetes/pod/volumes.ts';
import { totalOf } from './capacity.ts';
import { groupFindings } from './node/fit-group.ts';
import { limitFindings } from './namespace/fit-limits.ts';
import { securityFindings } from './namespace/pod-security.ts';
import { queueFindings } from './namespace/fit-queue.ts';
import { quotaFindings } from './namespace/fit-quota.ts';
import { uncordoned, type NodeFacts } from './node/nodes.ts';
import type { Inventory } from './inventory.ts';

/**
 * What a cluster lacks for a plan, each at its place in the manifest: pods that no node can take, now or ever while the
 * nodes are as they are, and what pods would wait for without an end. Where nodes come when they are needed, what the
 * present ones lack is a warning.
 */
export function fitFindings(
  plan: Plan,
  inventory: Inventory,
  { engine, settings }: { engine: string; settings: KubernetesSettings },
): Finding[] {
  if (!ENGINE_OPERATORS.includes(plan.operator)) return engineFindings(plan, factsOf(engine, []), null);
  if (!inventory.serves) return [operatorMissing(plan, engine)];
  return [
    ...endpointFindings(plan, { engine, settings }),
    ...nodeFindings(plan, inventory, { engine, settings }),
    ...securityFindings(plan, inventory.security, { engine, settings, namespace: inventory.namespace }),
    ...queueFindings(plan, inventory.queue, { engine, settings, namespace: inventory.namespace }),
    ...limitFindings(plan, inventory, settings),
    ...quotaFindings(plan, inventory, settings),
    ...claimFindings(plan, inventory, settings),
    ...classFindings(plan, inventory, settings),
  ];
}

/** An endpoint of the user's where the engine has a storage: its own would be lost. */
function endpointFindings(plan: Plan, { engine, settings }: Of): Finding[] {
  const { s3_endpoint: own } = settings.storage;
  if (own === null) return [];
  return givenEndpoint(plan).map(({ name, origin }) => ({
    code: 'protected-variable',
    path: origin === 'spec.env' ? ['spec', 'env', name] : ['spec'],
    at: 'key',
    message: `${name} is set by the engine ${engine}, whose storage is at ${own}`,
    hint: 'remove it, or name another storage as AWS_ENDPOINT_URL_S3',
  }));
}

/** What nodes lack; where it is only that some are cordoned, that: pods wait until they are opened. */
function nodeFindings(plan: Plan, { nodes }: Inventory, of: Of): Finding[] {
  if (nodes === null) return [];
  const now = lacksOf(plan, nodes, of);
  const closed = nodes.filter(({ cordoned }) => cordoned);
  if (now.length === 0 || closed.length === 0) return now;
  const ever = lacksOf(plan, uncordoned(nodes), of);
  const passing = now.filter((lack) => !ever.some(({ path }) => sameGroup(path, lack.path)));
  return [...ever, ...onePerGroup(passing).map((lack) => cordonedFinding(lack, closed, of.engine))];
}

interface Of {
  engine: string;
  settings: KubernetesSettings;
}

function lacksOf(plan: Plan, nodes: readonly NodeFacts[], { engine, settings }: Of): Finding[] {
  const pods = plan.groups.filter(({ role }) => role !== 'submitter');
  const lacks = pods.flatMap((group) => groupFindings(group, { nodes, engine, settings }));
  const inAll = settings.autoscaling ? [] : totalFindings(plan, { nodes, engine });
  return [
    ...(settings.autoscaling ? lacks.map(comesWhenNeeded) : lacks),
    ...inAll.filter((finding) => !lacks.some((lack) => sameGroup(lack.path, finding.path))),
  ];
}

function onePerGroup(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    (one, index) => !findings.slice(0, index).some(({ path }) => sameGroup(path, one.path)),
  );
}

function cordonedFinding({ path, at }: Finding, closed: readonly NodeFacts[], engine: string): Finding {
  const names = closed.map(({ name }) => name).sort();
  const listed = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
  return {
    code: 'engine-cordoned',
    path,
    at,
    message: `nodes of the engine ${engine} that would take this are closed (cordoned): ${listed}`,
    hint: `pods wait until they are opened again: kubectl uncordon ${names[0]}, by who administers the cluster`,
  };
}

/** Pods that fit one by one, but not all at once. */
function totalFindings(
  plan: Plan,
  { nodes, engine }: { nodes: Inventory['nodes'] & object; engine: string },
): Finding[] {
  return engineFindings(plan, factsOf(engine, nodes), null).filter(({ code }) => code === 'engine-capacity');
}

function factsOf(name: string, nodes: Inventory['nodes'] & object): EngineFacts {
  return { name, kind: 'kubernetes', capacity: totalOf(nodes) };
}

function sameGroup(one: Path, other: Path): boolean {
  return [0, 1, 2, 3].every((index) => one[index] === other[index]);
}

function comesWhenNeeded(finding: Finding): Finding {
  return {
    ...finding,
    code: 'engine-scales',
    hint: 'pods wait until a node comes that fits; if none does, for good',
  };
}

function operatorMissing(plan: Plan, engine: string): Finding {
  const { operator } = plan;
  const { product } = workloadOf(plan);
  return {
    code: 'engine-operator',
    path: ['spec', 'operator'],
    at: 'value',
    message: `the engine ${engine} cannot run the operator ${operator}: its cluster has no ${product}`,
    hint: `aichor engines check ${engine} says who can install it`,
  };
}

function claimFindings(
  plan: Plan,
  { claims, namespace }: Inventory,
  settings: KubernetesSettings,
): Finding[] {
  return plan.storage.attached.flatMap(({ name }, index): Finding[] => {
    const claim = claimOf({ settings }, name);
    if (!claims.missing.includes(claim)) return [];
    const meant = didYouMean(claim, claims.known);
    const there = claims.known.length === 0 ? 'there are none' : `there are ${claims.known.join(', ')}`;
    return [
      {
        code: 'engine-claim',
        path: ['spec', 'storage', 'attachExistingPVCs', index, 'name'],
        at: 'value',
        message: `there is no PersistentVolumeClaim ${claim} in namespace ${namespace}`,
        hint: meant === null ? `${there}; pods would wait for it` : `did you mean "${meant}"? ${there}`,
      },
    ];
  });
}

function classFindings(plan: Plan, { classes }: Inventory, settings: KubernetesSettings): Finding[] {
  const shared = plan.storage.shared_volume;
  if (shared === null || classes === null) return [];
  const wanted = shared.storage_class ?? settings.storage_class;
  const path = ['spec', 'storage', 'sharedVolume'];
  const there = classes.names.length === 0 ? 'there are none' : `there are ${classes.names.join(', ')}`;
  if (wanted === null) {
    if (classes.standard !== null) return [];
    const message = 'the cluster has no default storage class, so the shared volume needs one';
    const hint = classes.names.length === 0 ? 'a cluster admin adds one' : `set storageClass: ${there}`;
    return [{ code: 'engine-storage-class', path, at: 'key', message, hint }];
  }
  if (classes.names.includes(wanted)) return [];
  const meant = didYouMean(wanted, classes.names);
  return [
    {
      code: 'engine-storage-class',
      path: [...path, 'storageClass'],
      at: 'value',
      message: `there is no storage class ${wanted}`,
      hint: meant === null ? there : `did you mean "${meant}"? ${there}`,
    },
  ];
}

import { counted, plural } from '../../../base/text/plural.ts';
import { manifestPath, type EndedPod } from '../../../experiment/failure/explain.ts';
import type { Resources } from '../../../experiment/plan/plan.ts';

/** One reason of a scheduler's message, and how many nodes it rules out. */
export interface RuledOut {
  nodes: number;
  reason: string;
}

/**
 * The `N <reason>` pairs of "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) had untolerated taint(s). …". What
 * the scheduler says about preemption after them is left out. Empty: the message has none.
 */
export function parseRuledOut(message: string): RuledOut[] {
  const list = /^\d+\/\d+ nodes are available: (.*)$/s.exec(message)?.[1] ?? '';
  const [before = ''] = list.split(/\.\s+(?:no new claims|preemption)|\.\s*$/);
  return before.split(/,\s+(?=\d+ )/).flatMap((pair) => {
    const [, nodes, reason] = /^(\d+) (.+)$/s.exec(pair) ?? [];
    return nodes === undefined || reason === undefined ? [] : [{ nodes: Number(nodes), reason }];
  });
}

export interface UnschedulablePod {
  /** As the scheduler says it. */
  message: string;
  group: EndedPod['group'];
  /** What the pod demands of a node, as it was applied. */
  selectors: Readonly<Record<string, string>>;
}

/**
 * What to do about it, null when nothing is known. What keeps a pod off the nodes it might have comes before what
 * rules nodes out for good.
 */
export function schedulingHint(pod: UnschedulablePod): string | null {
  const claim = missingClaim(pod.message);
  if (claim !== null) return claim;
  const hints = parseRuledOut(pod.message).map(({ reason }) => hintFor(reason, pod));
  const short = hints.filter((hint) => hint?.kind === 'short');
  const chosen = short.length > 0 ? short : hints;
  const texts = new Set(chosen.flatMap((hint) => hint?.text ?? []));
  return texts.size === 0 ? null : [...texts].join('; ');
}

interface Hint {
  /** `short`: the node would do if it had more room. */
  kind: 'short' | 'never';
  text: string;
}

function hintFor(reason: string, pod: UnschedulablePod): Hint | null {
  const lacking = /^Insufficient (\S+)/.exec(reason)?.[1];
  if (lacking !== undefined) return { kind: 'short', text: shortOf(lacking, pod.group) };
  if (/^Too many pods/.test(reason))
    return { kind: 'short', text: 'the nodes it may use have no room for another pod' };
  if (/didn't match .*(?:selector|node affinity)/.test(reason)) {
    return { kind: 'never', text: wrongNodes(pod) };
  }
  if (/taint/.test(reason)) return { kind: 'never', text: tainted(reason, pod.group) };
  if (/unschedulable$/.test(reason)) return { kind: 'never', text: 'some nodes are closed (cordoned)' };
  if (/volume node affinity conflict|no available volume zone/.test(reason)) {
    return { kind: 'never', text: 'its volume is in a zone where it may not run' };
  }
  if (/unbound immediate PersistentVolumeClaims/.test(reason)) {
    return { kind: 'never', text: "its volume is not there yet: see the claim's storage class" };
  }
  return null;
}

const ACCELERATOR = /^(?:nvidia\.com|amd\.com|google\.com|habana\.ai)\//;

function shortOf(lacking: string, group: EndedPod['group']): string {
  const { resources } = group;
  if (group.role === 'submitter')
    return `no node has the ${lacking} free that it needs; wait until other pods end`;
  const path = `${manifestPath(group)}.resources`;
  switch (lacking) {
    case 'cpu':
      return `it asks for ${amount(resources.cpus, 'CPU')}, no node has them free; lower ${path}.cpus`;
    case 'memory':
      return `it asks for ${resources.memory_gb} GB, no node has them free; lower ${path}.memory`;
    case 'ephemeral-storage':
      return `no node has the disk space that it asks for free; lower ${path}.ephemeralStorageRequest`;
    default:
      if (!ACCELERATOR.test(lacking)) return `no node has ${lacking} free`;
      return `it asks for ${accelerators(resources)}, no node has them free; wait, or lower ${path}.accelerators`;
  }
}

function accelerators({ gpus, gpu_product: product, tpu }: Resources): string {
  if (tpu !== null) return amount(tpu.chips, 'TPU chip');
  return `${amount(gpus, 'GPU')}${product === null ? '' : ` (${product})`}`;
}

function amount(count: number, unit: string): string {
  return counted(count, unit);
}

/** Which of its demands is at fault: the product of the accelerator before anything else. */
function wrongNodes({ group, selectors }: UnschedulablePod): string {
  const { gpu_product: product, tpu } = group.resources;
  const path = `${manifestPath(group)}.resources`;
  const own = Object.entries(selectors);
  if (product !== null && own.some(([, value]) => product.startsWith(value))) {
    return `no node it may use has the GPU product ${product}; see ${path}.accelerators.gpu.product`;
  }
  if (tpu !== null) {
    return `no node it may use has TPUs of type ${tpu.type} in the topology ${tpu.topology}; see ${path}.accelerators.tpu`;
  }
  if (own.length === 0) return 'no node has the labels that it demands';
  const labels = own.map(([key, value]) => `${key}=${value}`).join(', ');
  return `no node it may use has the ${plural(own.length, 'label')} ${labels}; see ${path}.extraSelectors`;
}

function tainted(reason: string, group: EndedPod['group']): string {
  const taint = /\{(\S+?):\s*([^}]*)\}/.exec(reason);
  const which = taint === null ? 'taints' : `the taint ${taint[1]}${taint[2] ? `=${taint[2].trim()}` : ''}`;
  if (group.role === 'submitter')
    return `other nodes have ${which}, and the submitter goes to nodes without any`;
  return `other nodes have ${which}, for which ${manifestPath(group)}.resources.extraTolerations names no toleration`;
}

function missingClaim(message: string): string | null {
  const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(message)?.[1];
  if (claim === undefined) return null;
  return `create the claim ${claim} in the namespace, or name another in spec.storage`;
}

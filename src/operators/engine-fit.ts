import { planPeak, type Totals } from '../experiment/plan/totals.ts';
import type { Group, Plan } from '../experiment/plan/plan.ts';
import type { Finding, Path } from '../manifest/diagnostic.ts';
import type { Places } from '../manifest/places/places.ts';
import { ENGINE_KINDS, type EngineKind } from './engine-kinds.ts';
import { ENGINE_OPERATORS } from './table.ts';

/** What is known of an engine when a manifest is checked for it. Null amounts: unknown, or without a limit. */
export interface EngineFacts {
  name: string;
  kind: EngineKind;
  capacity: { cpus: number | null; memory_gb: number | null; gpus: number | null };
}

const AMOUNTS = ['cpus', 'memory_gb', 'gpus'] as const;
export type Amount = (typeof AMOUNTS)[number];
const WORDS: Readonly<Record<Amount, string>> = { cpus: 'CPUs', memory_gb: 'GB of memory', gpus: 'GPUs' };

/**
 * How a plan fits an engine: an error for what can never run there (the operator; a pod larger than all there is),
 * a warning for what has to wait or to share. On the embedded engine CPUs and memory are shared, not reserved, and
 * without any GPU pods run without one, so these are never errors there (contract 8).
 */
export function engineFindings(plan: Plan, engine: EngineFacts, places: Places | null): Finding[] {
  if (!ENGINE_OPERATORS.includes(plan.operator)) {
    const message = `the engine ${engine.name} cannot run the operator ${plan.operator}`;
    const hint = `here run ${ENGINE_OPERATORS.join(', ')}; "aichor engines list" names other engines`;
    return [{ code: 'engine-operator', path: ['spec', 'operator'], at: 'value', message, hint }];
  }
  const peak = planPeak(plan);
  return AMOUNTS.flatMap((amount) => {
    const limit = engine.capacity[amount];
    if (limit === null || peak[amount] <= limit) return [];
    const group = largest(plan, amount);
    return group ? [finding({ amount, limit, peak, group, engine, places })] : [];
  });
}

interface Excess {
  amount: Amount;
  limit: number;
  peak: Totals;
  group: Group;
  engine: EngineFacts;
  places: Places | null;
}

function finding({ amount, limit, peak, group, engine, places }: Excess): Finding {
  const place = { path: amountPath(group, amount, places), at: 'value' } as const;
  const asked = askedOf(group, amount);
  const words = WORDS[amount];
  const has = limit === 0 ? 'has none' : `has ${limit}`;
  const shared = ENGINE_KINDS[engine.kind].sharesMachine && (amount !== 'gpus' || limit === 0);
  if (asked > limit && !shared) {
    const message = `a pod asks for ${asked} ${words}; the engine ${engine.name} ${has} in all`;
    return { ...place, code: 'engine-too-small', message, hint: 'ask for less, or name another engine' };
  }
  const message = `asks for ${peak[amount]} ${words} at once; the engine ${engine.name} ${has}`;
  return { ...place, code: 'engine-capacity', message, hint: consequence(amount, shared) };
}

function consequence(amount: Amount, shared: boolean): string {
  if (!shared) return 'pods wait until others have ended, for good if they need each other';
  return amount === 'gpus' ? 'pods run without GPUs there' : 'the pods share what there is there';
}

/** The group one pod of which asks for most. */
function largest(plan: Plan, amount: Amount): Group | undefined {
  const groups = plan.groups.filter(({ role }) => role !== 'submitter');
  return groups.toSorted((a, b) => askedOf(b, amount) - askedOf(a, amount))[0];
}

function askedOf({ resources }: Group, amount: Amount): number {
  return resources[amount];
}

/** Where the amount stands that the pods of a group ask for. */
export function amountPath(group: Group, amount: Amount, places: Places | null): Path {
  const key =
    amount === 'memory_gb' ? ['memory'] : amount === 'gpus' ? ['accelerators', 'gpu', 'count'] : ['cpus'];
  return [...typePath(group, places), 'resources', ...key];
}

/** A finding of somebody who has not seen the manifest, at the place where the manifest has what it is about. */
export function atItsPlace(finding: Finding, places: Places | null): Finding {
  const [spec, types, name, ...rest] = finding.path;
  if (spec !== 'spec' || types !== 'types' || typeof name !== 'string') return finding;
  const [group, ...below] = rest;
  if (name === 'Workers' && typeof group === 'string')
    return { ...finding, path: [...workersPath(group, places), ...below] };
  return { ...finding, path: [...spelled(name, places), ...rest] };
}

/** Where a group stands in the manifest, which may have it in the spelling of an earlier version. */
export function typePath({ name, role }: Group, places: Places | null): Path {
  const types = ['spec', 'types'];
  if (role === 'head') return [...types, 'Head'];
  if (role === 'worker-group') return workersPath(name, places);
  return spelled(name, places);
}

/** Groups of Ray workers are a list: by the number where it is known, else by the name. */
function workersPath(name: string, places: Places | null): Path {
  const list = ['spec', 'types', 'Workers'];
  for (let index = 0; places?.has([...list, index]) === true; index++)
    if (places.source([...list, index, 'name']) === name) return [...list, index];
  return [...list, name];
}

function spelled(name: string, places: Places | null): Path {
  const earlier = ['spec', 'types', name.charAt(0).toUpperCase() + name.slice(1)];
  return places?.has(earlier) === true ? earlier : ['spec', 'types', name];
}

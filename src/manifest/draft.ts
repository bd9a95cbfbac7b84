import { typesForm, type OperatorName } from '../operators/table.ts';
import type { Finding, Path } from './diagnostic.ts';

/**
 * A manifest as it was written, nothing checked: what the rules read. Rules look at what they need and say
 * nothing about values of a wrong type, which the schema reports.
 */
export interface Draft {
  root: unknown;
  /** The operator, or the one that was probably meant; null when there is no telling. */
  operator: OperatorName | null;
}

export type Rule = (draft: Draft) => Finding[];

/** A map's keys, empty for anything that is no map. */
export type Fields = Record<string, unknown>;

export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function valueAt(root: unknown, path: Path): unknown {
  let here = root;
  for (const part of path) {
    if (typeof part === 'number') here = Array.isArray(here) ? here[part] : undefined;
    else here = isFields(here) && Object.hasOwn(here, part) ? here[part] : undefined;
  }
  return here;
}

export function listAt(root: unknown, path: Path): unknown[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value : [];
}

/** A number when there is one there, else what is assumed for an absent value. */
export function numberAt<T>(map: Fields, key: string, otherwise: T): number | T {
  const value = map[key];
  return typeof value === 'number' ? value : otherwise;
}

/** Every map that describes pods, whatever the operator: the types, the head, the worker groups. */
export interface PodBlock {
  path: Path;
  name: string;
  kind: 'type' | 'head' | 'worker-group';
  block: Fields;
  resources: Fields;
  /** Jobs (or slices) × completions. */
  pods: number;
}

export function podBlocks(draft: Draft): readonly PodBlock[] {
  const before = blocksOf.get(draft);
  if (before) return before;
  const blocks = findPodBlocks(draft);
  blocksOf.set(draft, blocks);
  return blocks;
}

/** Ten rules ask for them. */
const blocksOf = new WeakMap<Draft, readonly PodBlock[]>();

function findPodBlocks(draft: Draft): PodBlock[] {
  const types = fields(valueAt(draft.root, ['spec', 'types']));
  const form = typesForm(draft.operator);
  if (form === 'worker-pools') return [];
  if (form === 'ray') return rayBlocks(types);
  return Object.entries(types).flatMap(([name, block]) =>
    isFields(block)
      ? [podBlock({ path: ['spec', 'types', name], name, kind: 'type', block, byDefault: 1 })]
      : [],
  );
}

function rayBlocks(types: Fields): PodBlock[] {
  const head = isFields(types['Head'])
    ? [
        podBlock({
          path: ['spec', 'types', 'Head'],
          name: 'Head',
          kind: 'head',
          block: types['Head'],
          byDefault: 1,
        }),
      ]
    : [];
  const workers = (Array.isArray(types['Workers']) ? types['Workers'] : []).flatMap(
    (block: unknown, index) => {
      if (!isFields(block)) return [];
      const name = typeof block['name'] === 'string' ? block['name'] : '';
      return [
        podBlock({
          path: ['spec', 'types', 'Workers', index],
          name,
          kind: 'worker-group',
          block,
          byDefault: 0,
        }),
      ];
    },
  );
  return [...head, ...workers];
}

function podBlock(options: Omit<PodBlock, 'resources' | 'pods'> & { byDefault: number }): PodBlock {
  const { byDefault, ...described } = options;
  const count = described.kind === 'head' ? 1 : numberAt(described.block, 'count', byDefault);
  const completions = numberAt(described.block, 'completions', 1);
  return {
    ...described,
    resources: fields(described.block['resources']),
    pods: Math.max(0, count) * Math.max(1, completions),
  };
}

/** GB of memory one pod asks for, when that can be told. */
export function memoryOf(resources: Fields): number | null {
  const memory = numberAt(resources, 'memory', null);
  if (memory !== null) return memory;
  const [cpus, ratio] = [numberAt(resources, 'cpus', null), numberAt(resources, 'ramRatio', null)];
  return cpus === null || ratio === null ? null : cpus * ratio;
}

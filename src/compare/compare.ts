/** What experiments are compared in, in the order in which it is told. */
export const PARTS = ['submission', 'env', 'manifest', 'packages', 'metrics', 'result'] as const;
export type Part = (typeof PARTS)[number];

/** A value that can be told beside others; null: there is none. */
export type Cell = string | number | boolean | null;

/** What is known of one experiment, by part and name. */
export type Sides = Record<Part, Record<string, Cell>>;

/** One thing that is not the same in all of them. */
export interface Difference {
  part: Part;
  name: string;
  /** One for each experiment, in their order. */
  values: Cell[];
}

/** Everything that differs between some of the experiments; what all have alike is left out. */
export function differencesOf(sides: readonly Sides[]): Difference[] {
  return PARTS.flatMap((part) => {
    const names = [...new Set(sides.flatMap((side) => Object.keys(side[part])))].sort(byPath);
    return names.flatMap((name): Difference[] => {
      const values = sides.map((side) =>
        Object.hasOwn(side[part], name) ? (side[part][name] ?? null) : null,
      );
      return new Set(values).size > 1 ? [{ part, name, values }] : [];
    });
  });
}

/** Numbers in names by their size: `worker-2` before `worker-10`. */
function byPath(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/** A document as paths and scalars: `spec.types.worker.count` → 4, `spec.volumes[0].name` → data. */
export function flattened(value: unknown, path = ''): Record<string, Cell> {
  if (Array.isArray(value))
    return Object.assign({}, ...value.map((item, index) => flattened(item, `${path}[${index}]`)));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) =>
      flattened(inner, path === '' ? key : `${path}.${key}`),
    );
    return Object.assign({}, ...entries);
  }
  return path === '' ? {} : { [path]: isCell(value) ? value : String(value) };
}

function isCell(value: unknown): value is Cell {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** What is at one path of a snapshot, as far as it can be told apart. */
export interface FileSide {
  path: string;
  /** Kind, mode and content in one text. */
  mark: string;
}

/** One path that is not the same in all of them. */
export interface FileDifference {
  path: string;
  /** Against the first of them. */
  change: 'added' | 'removed' | 'changed';
  /** Whether each of them has it, in their order. */
  present: boolean[];
}

/** Paths at which some of the experiments have something else than others, or nothing. */
export function fileDifferences(sides: readonly (readonly FileSide[])[]): FileDifference[] {
  const marks = sides.map((files) => new Map(files.map(({ path, mark }) => [path, mark])));
  const [first, ...others] = marks;
  if (first === undefined) return [];
  const paths = new Set(marks.flatMap((files) => [...files.keys()]));
  const differing = [...paths].filter((path) => others.some((files) => files.get(path) !== first.get(path)));
  return differing.sort().map((path) => {
    const present = marks.map((files) => files.has(path));
    const change = !present[0] ? 'added' : present.every(Boolean) ? 'changed' : 'removed';
    return { path, change, present };
  });
}

import { AichorError } from '../errors.ts';

/**
 * One point of a sweep: names and their values, as texts. A name without a dot is a variable of the pods; one with a dot
 * is a place in the manifest (`spec.types.worker.count`), where the text is read as YAML.
 */
export type Point = Readonly<Record<string, string>>;

/** Points times repeats of one sweep. */
export const MOST_EXPERIMENTS = 10_000;

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** As `--set` takes places: words with dots between them, items of lists as `name[0]`. */
const PLACE = /^(?:spec|builder)(?:\.[^.\s=[\]]+(?:\[\d{1,6}\])*)+$/;
const SWEEP_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** Whether a name of a point is a place in the manifest. */
export function isPlace(name: string): boolean {
  return name.includes('.');
}

/** Refuses (AichorError `usage`) a name that is neither a variable's nor a place in the manifest. */
export function assertPointName(name: string, flag: string): void {
  if (isPlace(name) ? PLACE.test(name) : VARIABLE.test(name)) return;
  throw new AichorError(
    'usage',
    `${flag} ${JSON.stringify(name)} is neither a variable nor a place in the manifest`,
    { hint: `for example ${flag} LR=0.1,0.01, or --set spec.types.worker.count=1,2` },
  );
}

/** Refuses (AichorError `usage`) what cannot be the name of a sweep. */
export function assertSweepName(name: string): void {
  if (SWEEP_NAME.test(name)) return;
  throw new AichorError('usage', `${JSON.stringify(name)} cannot be the name of a sweep`, {
    hint: 'a name has up to 63 letters, digits, dots, - and _, and begins with a letter or a digit',
  });
}

/** Two points are the same when their keys are: the order of the names does not count. */
export function pointKey(point: Point): string {
  const entries = Object.entries(point).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries);
}

/** One experiment of a sweep among the others: a point keeps its index. */
export function trialKey({ index, repeat }: { index: number; repeat: number }): string {
  return `${index} ${repeat}`;
}

/** `LR=0.1 HIDDEN=8`; places by their last word. */
export function pointText(point: Point, names: readonly string[] = Object.keys(point)): string {
  return names.map((name) => `${shortName(name)}=${point[name] ?? '-'}`).join(' ');
}

/** A place by its last word, a variable by its name. */
export function shortName(name: string): string {
  return isPlace(name) ? (name.split('.').at(-1) ?? name) : name;
}

/** The names whose values differ between some of the points, in the order in which they first appear. */
export function varyingNames(points: readonly Point[]): string[] {
  const values = new Map<string, Set<string | undefined>>();
  for (const point of points) for (const name of Object.keys(point)) values.set(name, new Set());
  for (const point of points)
    for (const [name, seen] of values) seen.add(Object.hasOwn(point, name) ? point[name] : undefined);
  return [...values].filter(([, seen]) => seen.size > 1).map(([name]) => name);
}

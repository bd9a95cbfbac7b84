import { AichorError } from '../errors.ts';
import { counted } from '../base/text/plural.ts';
import { MOST_EXPERIMENTS, pointKey, type Point } from './point.ts';
import type { Axis } from './values.ts';

/** What the points of a sweep are made of. */
export interface PointParts {
  /** `--grid` and `--set`: every value with every other. */
  axes: readonly Axis[];
  /** `--list`: points as they were written; each with every point of the grid. Null: none was given. */
  list: readonly Point[] | null;
  /** `--random`: points that were drawn. */
  drawn: readonly Point[] | null;
}

/**
 * Every point of a sweep, once each: the product of its parts, the last one changing fastest. Throws AichorError `usage`
 * for a name that two parts give, for none and for too many.
 */
export function allPoints({ axes, list, drawn }: PointParts, repeat: number): Point[] {
  const parts: Part[] = [
    ...(list === null ? [] : [{ from: '--list', points: list }]),
    ...(drawn === null ? [] : [{ from: '--random', points: drawn }]),
    ...axes.map(({ name, values }) => ({ from: name, points: values.map((value) => ({ [name]: value })) })),
  ];
  if (parts.length === 0)
    throw new AichorError('usage', 'a sweep needs points', {
      hint: 'give --grid LR=0.1,0.01, --list FILE, or --random 20 --space LR=log:1e-4:1e-1',
    });
  refuseDouble(parts);
  const number = parts.reduce((product, { points }) => product * points.length, repeat);
  if (number === 0)
    throw new AichorError('usage', 'there is no point in --list', { hint: 'write one point a line' });
  if (number > MOST_EXPERIMENTS)
    throw new AichorError('usage', `this sweep would have ${counted(number, 'experiment')}`, {
      hint: `at most ${MOST_EXPERIMENTS} at once: take fewer values, or --random`,
    });
  const product = parts.reduce<Point[]>(
    (before, { points }) => before.flatMap((point) => points.map((more) => ({ ...point, ...more }))),
    [{}],
  );
  return [...new Map(product.map((point) => [pointKey(point), point])).values()];
}

interface Part {
  from: string;
  points: readonly Point[];
}

function refuseDouble(parts: readonly Part[]): void {
  const given = new Map<string, string>();
  for (const { from, points } of parts) {
    for (const name of new Set(points.flatMap((point) => Object.keys(point)))) {
      if (given.has(name))
        throw new AichorError('usage', `${name} is given more than once`, {
          hint: 'give each name in one place: --grid, --set, --list or --space',
        });
      given.set(name, from);
    }
  }
}

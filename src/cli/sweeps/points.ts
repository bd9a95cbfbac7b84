import { readFile } from 'node:fs/promises';
import { AichorError, systemErrorCode } from '../../errors.ts';
import { counted } from '../../base/text/plural.ts';
import { allPoints } from '../../sweep/points.ts';
import { isReserved, refuseProtected } from '../../operators/protected.ts';
import { isPlace, type Point } from '../../sweep/point.ts';
import { drawPoints, parseSpace } from '../../sweep/space.ts';
import { parseAxis, type Axis } from '../../sweep/values.ts';
import type { SweepFlags } from '../submit/flags.ts';
import type { Talk } from '../runtime/talk.ts';

type PointFlags = Pick<SweepFlags, 'grid' | 'set' | 'list' | 'random' | 'space' | 'seed' | 'repeat'>;

/** Points, and which flag gave each of their names. */
interface GivenPoints {
  points: Point[];
  givenBy: Record<string, string>;
}

/**
 * The points that flags ask for. Reads the file (or stdin) of `--list`. Throws AichorError `usage`, and `manifest_invalid` for a
 * name that aichor keeps for itself.
 */
export async function pointsOf(flags: PointFlags, talk: Talk): Promise<GivenPoints> {
  const { random, space, seed, repeat } = flags;
  if (space.length > 0 && random === undefined)
    throw new AichorError('usage', '--space says from where, and nothing how many', {
      hint: 'give --random 20 with it',
    });
  if (random !== undefined && space.length === 0)
    throw new AichorError('usage', '--random says how many, and nothing from where', {
      hint: 'give --space LR=log:1e-4:1e-1 with it',
    });
  const axes = [
    ...flags.grid.map((text) => axisOf(text, '--grid')),
    ...flags.set.map((text) => axisOf(text, '--set')),
  ];
  const list = flags.list === undefined ? null : await listed(flags.list);
  const drawn = random === undefined ? null : drawPoints(space.map(parseSpace), random, seed);
  if (random !== undefined && drawn !== null && drawn.length < random)
    talk.notice(`only ${counted(drawn.length, 'different point')} can be drawn`);
  const points = allPoints({ axes, list, drawn }, repeat);
  const givenBy: Record<string, string> = Object.fromEntries([
    ...axes.map(({ name }) => [name, isPlace(name) ? '--set' : '--grid']),
    ...namesOf(list).map((name) => [name, '--list']),
    ...namesOf(drawn).map((name) => [name, '--space']),
  ]);
  for (const flag of new Set(Object.values(givenBy))) {
    const names = Object.keys(givenBy).filter((name) => givenBy[name] === flag);
    refuseProtected(names.filter(isReserved), null, flag);
  }
  return { points, givenBy };
}

function namesOf(points: readonly Point[] | null): string[] {
  return [...new Set((points ?? []).flatMap((point) => Object.keys(point)))];
}

function axisOf(text: string, flag: '--grid' | '--set'): Axis {
  const axis = parseAxis(text, flag);
  if (isPlace(axis.name) === (flag === '--set')) return axis;
  const other = flag === '--set' ? '--grid' : '--set';
  throw new AichorError(
    'usage',
    `${flag} ${axis.name} is ${flag === '--set' ? 'no place' : 'a place'} in the manifest`,
    {
      hint: `write ${other} ${text}`,
    },
  );
}

async function listed(path: string): Promise<Point[]> {
  const { parseList } = await import('../../sweep/list.ts');
  return path === '-' ? parseList(await readStdin(), 'stdin') : parseList(await readList(path), path);
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function readList(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new AichorError(
      'usage',
      `--list: ${path} cannot be read (${systemErrorCode(cause) ?? String(cause)})`,
      {
        hint: 'name a file of JSON lines, a JSON list or CSV, or - for stdin',
        cause,
      },
    );
  }
}

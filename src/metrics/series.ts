/**
 * The values of one metric, thinned as they come: whatever their number, at most `MOST_POINTS` are kept, and among them each
 * local minimum and maximum. Plain data, so that it can be put away and taken up again.
 */
export interface Series {
  /** All of 32 bits, as event files have them: written with few digits. */
  single: boolean;
  /** The last value that was written, with what belongs to it. */
  last: SeriesPoint;
  /** Over all values that are numbers; NaN: none is. */
  min: number;
  max: number;
  /** Values that share a bucket of at most three points: the smallest, the largest, the first that is no number. */
  perBucket: number;
  /** Full buckets, one after another: four numbers a point. */
  points: number[];
  /** How many points each of them has. */
  sizes: number[];
  /** The bucket that is being filled. */
  open: Bucket;
}

/** A value as it was written: `time` by the clock of who wrote it, in seconds. */
export interface Scalar {
  step: number;
  time: number;
  value: number;
}

export interface SeriesPoint extends Scalar {
  attempt: number;
}

/** Numbers are copied into these points: millions of values come by, few of them stay. */
interface Bucket {
  count: number;
  min: SeriesPoint;
  /** The how-manieth value it is; -1: there is none. */
  minAt: number;
  max: SeriesPoint;
  maxAt: number;
  /** The first value that is no number: a gap in what is drawn. */
  gap: SeriesPoint;
  gapAt: number;
}

export const MOST_POINTS = 1000;
/** Beside them there is room for a bucket that is not full, and for the last value. */
const MOST_IN_BUCKETS = MOST_POINTS - 4;
/** Numbers a point. */
const WIDTH = 4;

export function createSeries(single: boolean): Series {
  return {
    single,
    last: emptyPoint(),
    min: Number.NaN,
    max: Number.NaN,
    perBucket: 1,
    points: [],
    sizes: [],
    open: emptyBucket(),
  };
}

/** One more value. */
export function addPoint(series: Series, scalar: Readonly<Scalar>, attempt: number): void {
  const { value } = scalar;
  const { open } = series;
  copyTo(series.last, scalar, attempt);
  if (value < series.min || series.min !== series.min) series.min = value;
  if (value > series.max || series.max !== series.max) series.max = value;
  addToBucket(open, scalar, attempt);
  if (open.count < series.perBucket) return;
  series.sizes.push(closeBucket(open, series.points));
  if (series.points.length > MOST_IN_BUCKETS * WIDTH) joinBuckets(series);
}

/** What is shown: in the order of writing, the last value among them; at most `MOST_POINTS`. */
export function shownPoints(series: Series): SeriesPoint[] {
  const numbers = [...series.points];
  if (series.open.count > 0) closeBucket({ ...series.open }, numbers);
  const shown = pointsOf(numbers);
  const end = shown.at(-1);
  const { last } = series;
  const isShown =
    end !== undefined &&
    end.step === last.step &&
    end.time === last.time &&
    Object.is(end.value, last.value) &&
    end.attempt === last.attempt;
  return isShown || last.attempt === 0 ? shown : [...shown, { ...last }];
}

/** The writer has begun again at this step: what it wrote from there on counts no more. */
export function withoutStepsFrom(series: Series, step: number): Series {
  const kept = createSeries(series.single);
  for (const point of shownPoints(series)) if (point.step < step) addPoint(kept, point, point.attempt);
  // What stood in a bucket stands alone now; what comes is as coarse as it was.
  kept.perBucket = series.perBucket;
  return kept;
}

/** Whether nothing was written, or nothing is left. */
export function isEmpty({ last }: Series): boolean {
  return last.attempt === 0;
}

function emptyPoint(): SeriesPoint {
  return { step: 0, time: 0.5, value: 0.5, attempt: 0 };
}

function emptyBucket(): Bucket {
  const [min, max, gap] = [emptyPoint(), emptyPoint(), emptyPoint()];
  return { count: 0, min, minAt: -1, max, maxAt: -1, gap, gapAt: -1 };
}

function copyTo(point: SeriesPoint, { step, time, value }: Readonly<Scalar>, attempt: number): void {
  point.step = step;
  point.time = time;
  point.value = value;
  point.attempt = attempt;
}

function addToBucket(bucket: Bucket, scalar: Readonly<Scalar>, attempt: number): void {
  const { value } = scalar;
  const at = bucket.count++;
  if (value !== value) {
    if (bucket.gapAt === -1) {
      copyTo(bucket.gap, scalar, attempt);
      bucket.gapAt = at;
    }
    return;
  }
  if (bucket.minAt === -1 || value < bucket.min.value) {
    copyTo(bucket.min, scalar, attempt);
    bucket.minAt = at;
  }
  if (bucket.maxAt === -1 || value > bucket.max.value) {
    copyTo(bucket.max, scalar, attempt);
    bucket.maxAt = at;
  }
}

/** Appends its points in the order in which they came, each once, and empties it. Returns how many they are. */
function closeBucket(bucket: Bucket, to: number[]): number {
  const { min, minAt, max, maxAt, gap, gapAt } = bucket;
  let count = 0;
  for (let before = -1; ;) {
    let next: SeriesPoint | null = null;
    let at = Number.POSITIVE_INFINITY;
    if (minAt > before) [next, at] = [min, minAt];
    if (maxAt > before && maxAt < at) [next, at] = [max, maxAt];
    if (gapAt > before && gapAt < at) [next, at] = [gap, gapAt];
    if (next === null) break;
    to.push(next.step, next.time, next.value, next.attempt);
    count++;
    before = at;
  }
  bucket.count = 0;
  bucket.minAt = -1;
  bucket.maxAt = -1;
  bucket.gapAt = -1;
  return count;
}

/** Each two neighbours become one. */
function joinBuckets(series: Series): void {
  const { points, sizes } = series;
  const joined: number[] = [];
  const joinedSizes: number[] = [];
  const bucket = emptyBucket();
  const point = emptyPoint();
  let from = 0;
  for (let index = 0; index < sizes.length; index += 2) {
    const to = from + ((sizes[index] ?? 0) + (sizes[index + 1] ?? 0)) * WIDTH;
    for (; from < to; from += WIDTH) addToBucket(bucket, pointAt(points, from, point), point.attempt);
    joinedSizes.push(closeBucket(bucket, joined));
  }
  series.points = joined;
  series.sizes = joinedSizes;
  series.perBucket *= 2;
}

function pointsOf(numbers: readonly number[]): SeriesPoint[] {
  const points: SeriesPoint[] = [];
  for (let at = 0; at < numbers.length; at += WIDTH) points.push(pointAt(numbers, at, emptyPoint()));
  return points;
}

/** Puts the point that stands there into `point`. */
function pointAt(numbers: readonly number[], at: number, point: SeriesPoint): SeriesPoint {
  point.step = numbers[at] ?? 0;
  point.time = numbers[at + 1] ?? 0;
  point.value = numbers[at + 2] ?? 0;
  point.attempt = numbers[at + 3] ?? 0;
  return point;
}

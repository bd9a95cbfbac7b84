import type { SeriesOrigin } from '../../metrics/runs.ts';
import { addPoint, createSeries, withoutStepsFrom, type Scalar, type Series } from '../../metrics/series.ts';

/** A series, and where it comes from. */
export interface StoredSeries extends SeriesOrigin {
  series: Series;
}

/** Something about a source that its reader should know. */
export interface Remark {
  code:
    | 'event_file_damaged'
    | 'event_file_overwritten'
    | 'metrics_left_out'
    | 'metrics_line_left_out'
    | 'metrics_unread';
  message: string;
}

/** Where values are put that were read somewhere. */
export interface Collector {
  /** The series of this origin; null: there are too many. */
  seriesOf(origin: SeriesOrigin): StoredSeries | null;
  add(to: StoredSeries, scalar: Readonly<Scalar>, options: { single: boolean; attempt: number }): void;
  /** The writer of a run has begun again at this step. */
  restart(run: string, step: number): void;
  /** Is told once. */
  remark(remark: Remark): void;
  /** Whether values came, and what was remarked, since this was asked last. */
  news(): { isNew: boolean; remarks: Remark[] };
}

/** Series of one experiment: what bounds memory and records. */
const MOST_SERIES = 500;
/** Remarks of one experiment. */
const MOST_REMARKS = 20;

export function createCollector(all: Map<string, StoredSeries>): Collector {
  const said = new Set<string>();
  let remarks: Remark[] = [];
  let isNew = false;

  function remark(one: Remark): void {
    if (said.has(one.message) || said.size >= MOST_REMARKS) return;
    said.add(one.message);
    remarks.push(one);
  }

  return {
    remark,
    seriesOf(origin) {
      const key = `${origin.kind}\n${origin.run}\n${origin.tag}`;
      const known = all.get(key);
      if (known !== undefined) return known;
      if (all.size >= MOST_SERIES) {
        const message = `more than ${MOST_SERIES} metrics were written: the first ${MOST_SERIES} are kept`;
        remark({ code: 'metrics_left_out', message });
        return null;
      }
      const made = { ...origin, series: createSeries(true) };
      all.set(key, made);
      return made;
    },
    add({ series }, scalar, { single, attempt }) {
      isNew = true;
      series.single &&= single;
      addPoint(series, scalar, attempt);
    },
    restart(run, step) {
      for (const stored of all.values())
        if (stored.kind === 'event-file' && stored.run === run)
          stored.series = withoutStepsFrom(stored.series, step);
    },
    news() {
      const news = { isNew, remarks };
      isNew = false;
      remarks = [];
      return news;
    },
  };
}

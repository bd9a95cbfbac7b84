import { join } from 'node:path';
import type { Metrics } from '../../experiment/record.ts';
import { createEventReader, type EventReader } from '../../metrics/event-file/read-events.ts';
import {
  isLineOfMetrics,
  MARK,
  metricsOfLine,
  metricsOfLogLine,
  scalarsOf,
  type LineMetrics,
} from '../../metrics/json-metrics.ts';
import { metricOf } from '../../metrics/metric-record.ts';
import { isHparamsTag, namesOf } from '../../metrics/runs.ts';
import { isEmpty, type Series } from '../../metrics/series.ts';
import type { ExperimentLogs } from '../ports.ts';
import { createCollector, type Collector, type StoredSeries } from './collector.ts';
import { createEventFileFinder, type EventFile } from './event-files.ts';
import { noLinesRead, readNewLines, type LinesRead, type ReadLine } from './json-lines.ts';
import { newTail, readOn, type Tail, type TailReader } from './tail.ts';

/** What was gathered of an experiment's metrics, and how far its sources were read: plain data, which is put away and taken up. */
export interface Gathered {
  series: Map<string, StoredSeries>;
  /** Runs with tags of hyperparameters. */
  hparams: Set<string>;
  /** By name below the folder of TensorBoard. */
  files: Map<string, Tail>;
  jsonLines: LinesRead;
  /** Record of the log's index. */
  logPosition: number;
}

/** Where metrics are looked for. */
export interface Sources {
  /** Folder of event files; null: there is none, or not here. */
  tensorboard: string | null;
  /** Where `metrics.jsonl` would be; null: not here. */
  output: string | null;
  logs: Pick<ExperimentLogs, 'find'>;
}

export const JSON_LINES = 'metrics.jsonl';
const MARK_BYTES = Buffer.from(`"${MARK}"`);
const HOW_TO_SHARE =
  'two pods that write one file destroy it: give SummaryWriter a filename_suffix, or each pod a folder of its own';
const HOW_TO_WRITE_LINES =
  'pods that write one file at once tear each other’s lines: let one of them write, or print {"metric": {…}}';

export function nothingGathered(): Gathered {
  return {
    series: new Map(),
    hparams: new Set(),
    files: new Map(),
    jsonLines: noLinesRead(),
    logPosition: 0,
  };
}

/** Reads on where the last look ended. */
export interface Gathering {
  /**
   * Takes what is new; `end`: no line will come any more, one that has no end counts as well.
   *
   * @param now seconds: of values without a time
   */
  look(now: number, end?: boolean): Promise<News>;
  /** Values that are read from now on belong to this attempt. */
  attempt: number;
  /** For sources that are looked at at other times: what `look` does with each file of its own. */
  readonly elsewhere: Elsewhere;
}

type News = ReturnType<Collector['news']>;

/** Takes what is new in files that lie elsewhere. */
export interface Elsewhere extends Pick<Collector, 'remark' | 'news'> {
  eventFile(file: EventFile, read: TailReader): Promise<void>;
  /** `now` and `end` as of `look`. */
  jsonLines(read: TailReader, now: number, end: boolean): Promise<void>;
}

export function createGathering(sources: Sources, gathered: Gathered, attempt: number): Gathering {
  const collector = createCollector(gathered.series);
  const finder = sources.tensorboard === null ? null : createEventFileFinder(sources.tensorboard);
  const gathering: Gathering = {
    attempt,
    async look(now, end = false) {
      const { tensorboard, output } = sources;
      for (const file of finder?.find() ?? [])
        await lookAtFile(file, fileReader(join(tensorboard ?? '', file.name)));
      if (output !== null) await lookAtLines(fileReader(join(output, JSON_LINES)), now, end);
      await lookAtLog();
      return collector.news();
    },
    elsewhere: {
      eventFile: lookAtFile,
      jsonLines: lookAtLines,
      remark: collector.remark,
      news: collector.news,
    },
  };
  const readers = new Map<string, EventReader>();
  let isUnreadTold = false;

  function readerOf({ name, run }: EventFile): EventReader {
    const known = readers.get(name);
    if (known !== undefined) return known;
    const byTag: (StoredSeries | null | undefined)[] = [];
    const reader = createEventReader({
      scalar(tag, scalar) {
        let to = byTag[tag.index];
        if (to?.tag !== tag.name) {
          to = collector.seriesOf({ kind: 'event-file', run, tag: tag.name });
          byTag[tag.index] = to;
        }
        if (to !== null) collector.add(to, scalar, { single: tag.single, attempt: gathering.attempt });
      },
      restarted: (step) => collector.restart(run, step),
    });
    readers.set(name, reader);
    return reader;
  }

  async function lookAtFile(file: EventFile, read: TailReader): Promise<void> {
    const tail = gathered.files.get(file.name) ?? newTail();
    gathered.files.set(file.name, tail);
    const reader = readerOf(file);
    let damage: string | null = null;
    const end = await read(tail, (bytes) => {
      const walk = reader.read(bytes);
      if (walk.damage !== null) damage = `byte ${tail.offset + walk.consumed}: ${walk.damage}`;
      return walk;
    });
    for (const { name } of reader.tags.values()) if (isHparamsTag(name)) gathered.hparams.add(file.run);
    const { remark } = collector;
    if (damage !== null)
      remark({
        code: 'event_file_damaged',
        message: `${file.name} is damaged at ${damage}; values after it cannot be read (${HOW_TO_SHARE})`,
      });
    if (end === 'shrunk')
      remark({
        code: 'event_file_overwritten',
        message: `${file.name} was written anew over values that were there (${HOW_TO_SHARE})`,
      });
  }

  function lookAtLines(read: TailReader, now: number, end: boolean): Promise<void> {
    const take = ({ text, number, isWhole }: ReadLine) => {
      const line = metricsOfLine(text);
      takeLine(collector, line, { kind: 'json-lines', now, attempt: gathering.attempt });
      if (line === null && isWhole && !isLineOfMetrics(text)) unreadLine(number);
    };
    return readNewLines(read, gathered.jsonLines, { end, take });
  }

  /** The first one stands for all. */
  function unreadLine(number: number | null): void {
    if (isUnreadTold) return;
    isUnreadTold = true;
    const which = number === null ? 'a late line' : `line ${number}`;
    collector.remark({
      code: 'metrics_line_left_out',
      message: `${which} of ${JSON_LINES} is not a JSON object: its values are left out, and those of others like it (${HOW_TO_WRITE_LINES})`,
    });
  }

  async function lookAtLog(): Promise<void> {
    const from = { position: gathered.logPosition, bytes: MARK_BYTES };
    gathered.logPosition = await sources.logs.find(from, ({ text, time, source }) =>
      takeLine(collector, metricsOfLogLine(text), { kind: 'log', now: time / 1000, attempt: source.attempt }),
    );
  }

  return gathering;
}

function fileReader(path: string): TailReader {
  return (tail, take) => readOn(path, tail, take);
}

/** Puts the values of one line where they belong. */
function takeLine(
  collector: Collector,
  line: LineMetrics | null,
  from: { kind: 'json-lines' | 'log'; now: number; attempt: number },
): void {
  if (line === null) return;
  for (const [tag, scalar] of scalarsOf(line, from.now)) {
    const to = collector.seriesOf({ kind: from.kind, run: '', tag });
    if (to !== null) collector.add(to, scalar, { single: false, attempt: from.attempt });
  }
}

/** The metrics of the record. */
export function metricsGathered({ series, hparams }: Gathered): Metrics {
  return Object.fromEntries(
    [...namedSeries({ series, hparams })].map(([name, one]) => [name, metricOf(one)]),
  );
}

/** Every series by the name that it is shown by. */
export function namedSeries({ series, hparams }: Pick<Gathered, 'series' | 'hparams'>): Map<string, Series> {
  const there = [...series.values()].filter((stored) => !isEmpty(stored.series));
  return new Map([...namesOf(there, hparams)].map(([name, stored]) => [name, stored.series]));
}

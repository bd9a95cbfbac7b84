import { AichorError } from '../../../errors.ts';
import type { ExperimentSummary } from '../../../experiment/record.ts';
import { valueText } from '../../../metrics/value-text.ts';
import { didYouMean } from '../../../base/text/did-you-mean.ts';
import type { Screen } from '../../runtime/screen.ts';
import type { Column } from '../table.ts';
import { printable } from '../text.ts';
import { agoText, durationText, timeText } from '../time.ts';
import { statusText } from './status.ts';

/** Enough of an id to be unique for a person, and at least what commands take. */
export const SHORT_ID = 8;

interface Drawing {
  now: Date;
  screen: Screen;
}

interface ListColumn {
  column: Column;
  draw(experiment: ExperimentSummary, drawing: Drawing): string;
  /** What experiments are sorted by; null comes last. */
  key(experiment: ExperimentSummary): string | number | null;
}

/** What a list can show and be sorted by, beside `env.NAME`, `label.NAME` and `metric.NAME`. */
const COLUMNS: Readonly<Record<string, ListColumn>> = {
  id: {
    column: { title: 'ID', width: SHORT_ID },
    draw: ({ experiment_id: id }) => id.slice(0, SHORT_ID),
    key: ({ experiment_id: id }) => id,
  },
  status: {
    column: { title: 'STATUS', width: 10 },
    draw: ({ status }, { screen }) => statusText(status, screen.colors),
    key: ({ status }) => status,
  },
  operator: {
    column: { title: 'OPERATOR', width: 8, drop: 4 },
    draw: ({ operator }) => operator ?? '-',
    key: ({ operator }) => operator,
  },
  project: {
    column: { title: 'PROJECT', width: 16, drop: 6 },
    draw: ({ project }) => printable(project),
    key: ({ project }) => project,
  },
  engine: {
    column: { title: 'ENGINE', width: 12, drop: 5 },
    draw: ({ engine }) => printable(engine ?? '-'),
    key: ({ engine }) => engine,
  },
  pods: {
    column: { title: 'PODS', width: 4, align: 'right', drop: 3 },
    draw: ({ resources }) => String(resources.pods),
    key: ({ resources }) => resources.pods,
  },
  gpus: {
    column: { title: 'GPUS', width: 4, align: 'right', drop: 5 },
    draw: ({ resources }) => String(resources.gpus),
    key: ({ resources }) => resources.gpus,
  },
  branch: {
    column: { title: 'BRANCH', width: 16, drop: 5 },
    draw: ({ source }) => printable(source.branch ?? '-'),
    key: ({ source }) => source.branch,
  },
  commit: {
    column: { title: 'COMMIT', width: 12, drop: 5 },
    draw: ({ source }) => source.commit_sha?.slice(0, 12) ?? '-',
    key: ({ source }) => source.commit_sha,
  },
  submitted_by: {
    column: { title: 'SUBMITTED BY', width: 12, drop: 5 },
    draw: ({ submitted_by: by }) => printable(by ?? '-'),
    key: ({ submitted_by: by }) => by,
  },
  resubmit_of: {
    column: { title: 'RESUBMIT OF', width: 11, drop: 5 },
    draw: ({ resubmit_of: first }) => first?.slice(0, SHORT_ID) ?? '-',
    key: ({ resubmit_of: first }) => first,
  },
  sweep: {
    column: { title: 'SWEEP', width: 16, drop: 5 },
    draw: ({ sweep }) => sweep?.name ?? '-',
    key: ({ sweep }) => sweep?.name ?? null,
  },
  age: {
    column: { title: 'AGE', width: 4, align: 'right', drop: 1 },
    draw: ({ created_at: at }, { now }) => agoText(at, now),
    // The youngest first, as it is read.
    key: ({ created_at: at }) => -Date.parse(at),
  },
  created: {
    column: { title: 'CREATED', width: 20, drop: 1 },
    draw: ({ created_at: at }, { screen }) => timeText(at, screen),
    key: ({ created_at: at }) => Date.parse(at),
  },
  time: {
    column: { title: 'TIME', width: 7, align: 'right', drop: 2 },
    draw: ({ duration_s: duration }) => durationText(duration),
    key: ({ duration_s: duration }) => duration,
  },
  note: {
    column: { title: 'NOTE', width: 'rest', least: 12 },
    draw: ({ note }) => printable(note ?? ''),
    key: ({ note }) => note,
  },
  message: {
    column: { title: 'MESSAGE', width: 'rest', least: 12 },
    draw: remark,
    key: ({ message }) => message,
  },
};

const USUAL = ['id', 'status', 'operator', 'pods', 'age', 'time', 'message'];
/** A variable's or a label's value; longer ones are cut. */
const VALUE_WIDTH = 14;
/** Six digits, sign, point and exponent. */
const METRIC_WIDTH = 12;

/** The columns of `--columns` (`id,env.LR,message`), else the usual ones. Throws AichorError `usage`. */
export function listColumns(names: string | undefined): ListColumn[] {
  return (names === undefined ? USUAL : names.split(',').map((name) => name.trim())).map(columnNamed);
}

/** The columns that there always are. */
export function columnNames(): string[] {
  return Object.keys(COLUMNS);
}

/** For scripts: what `--columns` names of each experiment, whole and as it is in the record. Throws AichorError `usage`. */
export function columnValues(
  { experiments }: { experiments: readonly ExperimentSummary[] },
  names: string,
): { experiments: Record<string, string | number | null>[] } {
  const chosen = names.split(',').map((name) => name.trim());
  const columns = listColumns(names);
  const rows = experiments.map((experiment) =>
    Object.fromEntries(
      columns.map(({ key }, index) => {
        const name = chosen[index] ?? '';
        const isTime = name === 'age' || name === 'created';
        return [name, isTime ? experiment.created_at : key(experiment)];
      }),
    ),
  );
  return { experiments: rows };
}

/** Experiments in the order of `--sort` (`time`, `-env.LR`: the largest first). Throws AichorError `usage`. */
export function sorted(experiments: readonly ExperimentSummary[], by: string): ExperimentSummary[] {
  const descending = by.startsWith('-');
  const { key } = columnNamed(descending ? by.slice(1) : by);
  const keyed = experiments.map((experiment) => ({ experiment, key: key(experiment) }));
  const compare = (a: string | number | null, b: string | number | null) => {
    if (a === b) return 0;
    if (a === null || b === null) return a === null ? 1 : -1;
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : 1;
    return descending ? -order : order;
  };
  return keyed.sort((a, b) => compare(a.key, b.key)).map(({ experiment }) => experiment);
}

function columnNamed(name: string): ListColumn {
  const known = Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
  if (known !== undefined) return known;
  const [kind, ...rest] = name.split('.');
  const key = rest.join('.');
  if (key !== '' && (kind === 'env' || kind === 'label')) return valueColumn(kind, key);
  if (key !== '' && kind === 'metric') return metricColumn(key);
  const near = didYouMean(name, Object.keys(COLUMNS));
  throw new AichorError('usage', `a list has no column ${JSON.stringify(name)}`, {
    hint:
      near === null
        ? `its columns: ${Object.keys(COLUMNS).join(', ')}, env.NAME, label.NAME, metric.NAME`
        : `did you mean ${near}?`,
  });
}

/** Numbers are sorted as numbers. */
function valueColumn(kind: 'env' | 'label', key: string): ListColumn {
  const valueOf = ({ env, labels }: ExperimentSummary) => {
    const values = kind === 'env' ? env : labels;
    return Object.hasOwn(values, key) ? (values[key] ?? null) : null;
  };
  return {
    column: { title: key, width: Math.max(VALUE_WIDTH, key.length) },
    draw: (experiment) => printable(valueOf(experiment) ?? '-'),
    key: (experiment) => {
      const value = valueOf(experiment);
      return value !== null && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value;
    },
  };
}

/** The last value of a metric. */
function metricColumn(name: string): ListColumn {
  const valueOf = ({ metrics }: ExperimentSummary) =>
    Object.hasOwn(metrics, name) ? (metrics[name]?.last ?? null) : null;
  return {
    column: { title: printable(name), width: Math.max(METRIC_WIDTH, name.length), align: 'right' },
    draw: (experiment) => valueText(valueOf(experiment)),
    key: (experiment) => {
      const value = valueOf(experiment);
      return value === null || value === 'NaN' ? null : Number(value);
    },
  };
}

/** The message, then why it is where it is. */
function remark({ message, explanation }: ExperimentSummary, { screen: { colors } }: Drawing): string {
  const said = printable(message);
  if (explanation === null) return said;
  const why = colors.dim(printable(explanation));
  return said === '' ? why : `${said} ${colors.dim('·')} ${why}`;
}

import { formatBytes } from '../../../base/text/bytes.ts';
import type { PodRecord } from '../../../experiment/record.ts';
import { peakMemory } from '../../../metrics/usage.ts';
import type { Usage } from '../../../api/contract.ts';
import type { Screen } from '../../runtime/screen.ts';
import { table, type Column } from '../table.ts';
import { durationText } from '../time.ts';
import { statusText } from './status.ts';

const LONGEST_POD = 32;

interface Drawing {
  screen: Screen;
  now: Date;
  /** What the pod takes at present; undefined: not known. */
  usage: Usage['pods'][number] | undefined;
}

interface PodColumn {
  column: Column;
  draw(pod: PodRecord, drawing: Drawing): string;
}

const LEADING: readonly PodColumn[] = [
  { column: { title: 'POD', width: LONGEST_POD }, draw: ({ pod }) => pod },
  { column: { title: 'RANK', width: 4, align: 'right', drop: 5 }, draw: ({ rank }) => String(rank) },
  {
    column: { title: 'STATUS', width: 9 },
    draw: ({ status }, { screen }) => statusText(status, screen.colors),
  },
  {
    column: { title: 'EXIT', width: 4, align: 'right', drop: 3 },
    draw: ({ exit_code: code }) => known(code, String),
  },
  {
    column: { title: 'TIME', width: 7, align: 'right', drop: 2 },
    draw: ({ started_at: start, ended_at: end, status }, { now }) =>
      durationText(between(start, end ?? (status === 'Running' ? now.toISOString() : null))),
  },
];
const PRESENT: readonly PodColumn[] = [
  {
    column: { title: 'CPU', width: 5, align: 'right' },
    draw: (_pod, { usage }) => known(usage?.cpus, cpusText),
  },
  {
    column: { title: 'MEMORY', width: 7, align: 'right' },
    draw: (_pod, { usage }) => known(usage?.memory_bytes, formatBytes),
  },
];
/** Means and peaks of what was sampled while they ran. */
const TAKEN: readonly PodColumn[] = [
  {
    column: { title: 'CPU/MAX', width: 7, align: 'right' },
    draw: ({ usage }) => known(usage?.cpus, ({ mean, peak }) => `${cpusText(mean)}/${cpusText(peak)}`),
  },
  {
    column: { title: 'MEMORY', width: 7, align: 'right', drop: 6 },
    draw: ({ usage }) => known(usage?.memory_bytes?.mean, formatBytes),
  },
];
const GPU_TAKEN: readonly PodColumn[] = [
  {
    column: { title: 'GPU/MAX', width: 9, align: 'right' },
    draw: ({ usage }) => known(usage?.gpu, ({ mean, peak }) => `${percentText(mean)}/${percentText(peak)}`),
  },
  {
    column: { title: 'GPU MEM', width: 7, align: 'right' },
    draw: ({ usage }) => known(usage?.gpu_memory_bytes?.peak, formatBytes),
  },
];
const GPU: PodColumn = {
  column: { title: 'GPU', width: 4, align: 'right' },
  draw: (_pod, { usage }) => known(usage?.gpu, percentText),
};
const GPU_MEMORY: PodColumn = {
  column: { title: 'GPU MEM', width: 7, align: 'right' },
  draw: (_pod, { usage }) => known(usage?.gpu_memory_bytes, formatBytes),
};
const NODE: PodColumn = {
  column: { title: 'NODE', width: 20, drop: 7 },
  draw: ({ node }) => node ?? '-',
};
const TRAILING: readonly PodColumn[] = [
  {
    column: { title: 'PEAK', width: 7, align: 'right', drop: 4 },
    draw: (pod) => known(peakMemory(pod), formatBytes),
  },
  { column: { title: 'REASON', width: 'rest', least: 21 }, draw: ({ reason }) => reason ?? '' },
];

/** The pods of an experiment, with what those take at present of which that is known; when none runs, what they took. */
export function podsTable(
  pods: readonly PodRecord[],
  usages: Usage['pods'],
  { screen, now }: { screen: Screen; now: Date },
): string {
  if (pods.length === 0) return '';
  const longest = Math.max('POD'.length, ...pods.map(({ pod }) => pod.length));
  const nodes = pods.some(({ node }) => node !== null) ? [NODE] : [];
  const all = [...LEADING, ...nodes, ...useColumns(pods, usages), ...TRAILING];
  const hasReasons = pods.some(({ reason }) => reason !== null);
  const columns = all.map(({ column }) => {
    if (column.title === 'POD') return { ...column, width: Math.min(longest, LONGEST_POD) };
    // Where there is none it takes nothing from the others.
    return column.title === 'REASON' && !hasReasons ? { ...column, least: column.title.length } : column;
  });
  const rows = pods.map((pod) => {
    const usage = usages.find((one) => one.pod === pod.pod);
    return all.map(({ draw }) => draw(pod, { screen, now, usage }));
  });
  return table(columns, rows, screen);
}

function useColumns(pods: readonly PodRecord[], usages: Usage['pods']): readonly PodColumn[] {
  if (usages.length > 0)
    return [...PRESENT, ...(usages.some(({ gpu }) => gpu !== null) ? [GPU, GPU_MEMORY] : [])];
  const taken = pods.flatMap(({ usage }) => usage ?? []);
  if (taken.length === 0) return [];
  return [...TAKEN, ...(taken.some(({ gpu }) => gpu !== null) ? GPU_TAKEN : [])];
}

function cpusText(cpus: number): string {
  return cpus.toFixed(cpus < 10 ? 1 : 0);
}

function percentText(share: number): string {
  return `${Math.round(share * 100)}%`;
}

function known<T>(value: T | null | undefined, draw: (value: T) => string): string {
  return value === null || value === undefined ? '-' : draw(value);
}

/** Seconds between two times. */
export function between(start: string | null, end: string | null): number | null {
  return start === null || end === null ? null : (Date.parse(end) - Date.parse(start)) / 1000;
}

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatBytes } from '../../base/text/bytes.ts';
import { theme } from '../base/theme.ts';
import { shortDuration, shortNumber } from '../base/text.ts';
import { joined, smoothed, type ChartAxis, type ChartLine } from './series.ts';

interface ChartProps {
  title: string;
  lines: readonly ChartLine[];
  axis: ChartAxis;
  isLog: boolean;
  /** Weight of the moving mean; 0: none. */
  smooth: number;
  isBytes?: boolean;
}

/** Told apart by people who see few colours too; each in light and in dark. */
const COLORS = [
  ['#1f54c4', '#82adff'],
  ['#b3480a', '#ffab70'],
  ['#17723f', '#54c98a'],
  ['#8a2a97', '#d78fe3'],
  ['#8a6d00', '#e5c158'],
  ['#0b6a75', '#5cc4d0'],
  ['#b7281f', '#ff8d84'],
  ['#57606c', '#a9b3c0'],
] as const;
const HEIGHT = 220;

/** Lines over steps or time. Drag across it to look closer, double click to see all again. */
export function Chart({ title, lines, axis, isLog, smooth, isBytes = false }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chosen = theme.value;
  useEffect(() => {
    const into = place.current;
    if (into === null) return;
    const chart = new uPlot(
      optionsOf({ lines, axis, isLog, smooth, isBytes, width: into.clientWidth }),
      dataOf(lines, smooth),
      into,
    );
    const sized = new ResizeObserver(() => chart.setSize({ width: into.clientWidth, height: HEIGHT }));
    sized.observe(into);
    return () => {
      sized.disconnect();
      chart.destroy();
    };
  }, [lines, axis, isLog, smooth, isBytes, chosen]);
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      <div ref={place} />
    </figure>
  );
}

function dataOf(lines: readonly ChartLine[], smooth: number): uPlot.AlignedData {
  const means = smooth === 0 ? [] : lines.map((line) => smoothed(line, smooth));
  return joined([...lines, ...means]) as uPlot.AlignedData;
}

type Options = Omit<ChartProps, 'title'> & { width: number };

function optionsOf({ lines, axis, isLog, smooth, isBytes = false, width }: Options): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const isDark = matchesDark(style.colorScheme);
  const [text, grid] = [isDark ? '#97a2b0' : '#57606c', isDark ? '#262d38' : '#e2e6eb'];
  const yText = (value: number) => (isBytes ? formatBytes(value) : shortNumber(value));
  const xText = (value: number) => (axis === 'step' ? shortNumber(value) : shortDuration(value));
  const colorOf = (index: number) => COLORS[index % COLORS.length]?.[isDark ? 1 : 0] ?? text;
  const plain = lines.map(({ label }, index) => ({
    label: smooth === 0 ? label : `${label}, as it is`,
    stroke: colorOf(index) + (smooth === 0 ? '' : '55'),
    width: smooth === 0 ? 1.5 : 1,
    spanGaps: true,
    value: (_: uPlot, value: number | null) => (value === null ? '–' : yText(value)),
  }));
  const means =
    smooth === 0
      ? []
      : plain.map((each, index) => ({
          ...each,
          label: `${lines[index]?.label ?? ''}, mean`,
          stroke: colorOf(index),
          width: 1.5,
        }));
  const axes = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: false }, y: { distr: isLog ? 3 : 1 } },
    axes: [
      { ...axes, values: (_, values) => values.map(xText) },
      {
        ...axes,
        size: 70,
        values: (_, values) => values.map((value) => (value === null ? '' : yText(value))),
      },
    ],
    series: [
      {
        label: axis === 'step' ? 'Step' : 'Time',
        value: (_, value) => (value === null ? '–' : xText(value)),
      },
      ...plain,
      ...means,
    ],
  };
}

function matchesDark(scheme: string): boolean {
  return scheme === 'dark' || (scheme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
}

import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { shortName } from '../../sweep/point.ts';
import { shortNumber } from '../base/text.ts';
import type { SweepDot } from './dots.ts';
import { labelsOf, numberScale, placeOn, scaleOf, type ChartScale } from './scale.ts';

interface SweepChartProps {
  dots: readonly SweepDot[];
  metric: string;
  columns: readonly string[];
  /** What the scatter is over. */
  over: string;
}

const HEIGHT = 340;
const EDGE = { top: 34, right: 24, bottom: 40, left: 64 };
/** No dot lies on the axis. */
const INSET = 16;
/** Room that a label of an axis takes. */
const LABEL = { width: 64, height: 22 };

/** One experiment a dot: a value of the point against the metric. */
export function Scatter({ dots, metric, over }: SweepChartProps) {
  const across = scaleOf(dots.map(({ point }) => point[over]));
  const up = numberScale(dots.map(({ value }) => value));
  return (
    <Drawing>
      {(width) => {
        const x = (at: number) => EDGE.left + INSET + at * (width - EDGE.left - EDGE.right - 2 * INSET);
        return (
          <>
            <UpAxis scale={up} at={EDGE.left} name={metric} width={width - EDGE.right} />
            {labelsOf(across, (width - EDGE.left - EDGE.right) / LABEL.width).map(({ text, at }) => (
              <text key={text} x={x(at)} y={HEIGHT - EDGE.bottom + 18} class="tick middle">
                {shortNumber(text)}
              </text>
            ))}
            <text x={(EDGE.left + width - EDGE.right) / 2} y={HEIGHT - 6} class="axis-name middle">
              {over}
            </text>
            {dots.map((dot) => (
              <Shown key={dot.id} dot={dot}>
                <circle cx={x(placeOn(across, dot.point[over]))} cy={y(placeOn(up, dot.value))} r="5" />
              </Shown>
            ))}
          </>
        );
      }}
    </Drawing>
  );
}

/** One experiment a line, across an axis of each name that varies, to the metric. */
export function ParallelLines({ dots, metric, columns }: SweepChartProps) {
  const up = numberScale(dots.map(({ value }) => value));
  const axes = [
    ...columns.map((name) => ({
      name,
      scale: scaleOf(dots.map(({ point }) => point[name])),
      of: ({ point }: SweepDot) => point[name],
    })),
    { name: metric, scale: up, of: ({ value }: SweepDot) => value },
  ];
  return (
    <Drawing least={axes.length * 90}>
      {(width) => {
        const x = (index: number) =>
          EDGE.left + (index / (axes.length - 1)) * (width - EDGE.left - EDGE.right - 40);
        return (
          <>
            {dots.map((dot) => (
              <Shown key={dot.id} dot={dot}>
                <path
                  d={axes
                    .map(
                      ({ scale, of }, index) =>
                        `${index === 0 ? 'M' : 'L'}${x(index).toFixed(1)} ${y(placeOn(scale, of(dot))).toFixed(1)}`,
                    )
                    .join('')}
                />
              </Shown>
            ))}
            {axes.map(({ name, scale }, index) => (
              <UpAxis key={name} scale={scale} at={x(index)} name={name} />
            ))}
          </>
        );
      }}
    </Drawing>
  );
}

/** As wide as there is room, in pixels of the page: letters keep their size. The table has all of it for who sees no drawing. */
function Drawing({
  least = 0,
  children,
}: {
  least?: number;
  children: (width: number) => ComponentChildren;
}) {
  const place = useRef<HTMLDivElement>(null);
  const width = useSignal(0);
  useEffect(() => {
    const into = place.current;
    if (into === null) return;
    const sized = new ResizeObserver(() => (width.value = into.clientWidth));
    sized.observe(into);
    return () => sized.disconnect();
  }, [width]);
  const wide = Math.max(width.value, least);
  return (
    <div ref={place} class="scroller sweep-chart">
      {width.value > 0 && (
        <svg width={wide} height={HEIGHT} aria-hidden="true">
          {children(wide)}
        </svg>
      )}
    </div>
  );
}

function Shown({ dot, children }: { dot: SweepDot; children: ComponentChildren }) {
  return (
    <a href={`/experiments/${dot.id}`} class={dot.isBest ? 'dot best' : 'dot'} tabindex={-1}>
      <title>{dot.title}</title>
      {children}
    </a>
  );
}

function UpAxis({ scale, at, name, width }: { scale: ChartScale; at: number; name: string; width?: number }) {
  return (
    <g class="axis">
      <text x={at} y={16} class="axis-name middle">
        {shortName(name)}
        <title>{name}</title>
      </text>
      <line x1={at} x2={at} y1={y(0)} y2={y(1)} />
      {labelsOf(scale, (HEIGHT - EDGE.top - EDGE.bottom) / LABEL.height).map(({ text, at: place }) => (
        <g key={text}>
          {width !== undefined && <line class="grid" x1={at} x2={width} y1={y(place)} y2={y(place)} />}
          <text x={at - 8} y={y(place) + 4} class="tick end">
            {shortNumber(text)}
          </text>
        </g>
      ))}
    </g>
  );
}

/** @param at from 0 (below) to 1 */
function y(at: number): number {
  return HEIGHT - EDGE.bottom - at * (HEIGHT - EDGE.top - EDGE.bottom);
}

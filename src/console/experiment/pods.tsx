import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { formatBytes } from '../../base/text/bytes.ts';
import { counted } from '../../base/text/plural.ts';
import type { ExperimentRecord, PodRecord } from '../../experiment/record.ts';
import { peakMemory } from '../../metrics/usage.ts';
import { now } from '../base/clock.ts';
import { shortDuration } from '../base/text.ts';
import { StatusMark } from '../parts/status.tsx';
import { podSeconds, POD_COLUMNS, sortedPods, type PodColumn, type PodOrder } from './pod-order.ts';

/** As many rows as most windows show: they are painted before the others are made. */
const FIRST_ROWS = 50;
/** Of so many what failed comes first. */
const MANY = 100;
/** More than that are a click away. */
const MOST_ROWS = 1000;
const NAMES: Readonly<Record<PodColumn, string>> = {
  pod: 'Pod',
  rank: 'Rank',
  status: 'Status',
  exit: 'Exit code',
  restarts: 'Restarts',
  node: 'Node',
  duration: 'Duration',
  peak: 'Peak memory',
};

/** All pods of an experiment, in the order that somebody chose. */
export function Pods({ experiment_id: id, pods }: Pick<ExperimentRecord, 'experiment_id' | 'pods'>) {
  const order = useSignal<PodOrder>({ by: pods.length > MANY ? 'status' : 'pod', isDescending: false });
  const isAll = useSignal(false);
  const isPainted = useSignal(false);
  useEffect(() => void (isPainted.value = true), [isPainted]);
  if (pods.length === 0) return null;
  // An engine without nodes says nothing of them.
  const hasNodes = pods.some(({ node }) => node !== null);
  const columns = POD_COLUMNS.filter((column) => column !== 'node' || hasNodes);
  const sorted = sortedPods(pods, order.value, now.peek());
  const most = isPainted.value ? MOST_ROWS : FIRST_ROWS;
  const shown = isAll.value ? sorted : sorted.slice(0, most);
  const sortBy = (by: PodColumn) =>
    (order.value = { by, isDescending: order.value.by === by && !order.value.isDescending });
  return (
    <section aria-labelledby="pods">
      <h2 id="pods">{counted(pods.length, 'pod')}</h2>
      <div class="scroller">
        <table class="pods">
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column}
                  class={isNumber(column) ? 'number' : undefined}
                  aria-sort={sortOf(order.value, column)}
                >
                  <button type="button" class="quiet" onClick={() => sortBy(column)}>
                    {NAMES[column]}
                    {order.value.by === column && (order.value.isDescending ? ' ↓' : ' ↑')}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((pod) => (
              <Pod
                key={pod.pod}
                pod={pod}
                hasNodes={hasNodes}
                logs={`/experiments/${id}/logs?pod=${encodeURIComponent(pod.pod)}`}
              />
            ))}
          </tbody>
        </table>
      </div>
      {isPainted.value && shown.length < sorted.length && (
        <button type="button" onClick={() => (isAll.value = true)}>
          Show all {sorted.length}
        </button>
      )}
    </section>
  );
}

function isNumber(column: PodColumn): boolean {
  return column !== 'pod' && column !== 'node' && column !== 'status';
}

function sortOf({ by, isDescending }: PodOrder, column: PodColumn) {
  return by !== column ? undefined : isDescending ? 'descending' : 'ascending';
}

function Pod({ pod, hasNodes, logs }: { pod: PodRecord; hasNodes: boolean; logs: string }) {
  const peak = peakMemory(pod);
  return (
    <tr>
      <td>
        <a href={logs}>{pod.pod}</a>
      </td>
      <td class="number">{pod.rank}</td>
      {hasNodes && <td>{pod.node}</td>}
      <td>
        <StatusMark status={pod.status} />
        {pod.reason !== null && <span class="muted"> {pod.reason}</span>}
      </td>
      <td class="number">{pod.exit_code ?? ''}</td>
      <td class="number">{pod.attempt - 1}</td>
      <td class="number">
        <PodTime pod={pod} />
      </td>
      <td class="number">{peak === null ? '' : formatBytes(peak)}</td>
    </tr>
  );
}

function PodTime({ pod }: { pod: PodRecord }) {
  const isGoing = pod.status === 'Running';
  const seconds = podSeconds(pod, isGoing ? now.value : now.peek());
  return <>{seconds === null ? '' : shortDuration(seconds)}</>;
}

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { SweepList, SweepSummary } from '../../api/sweep-contract.ts';
import { STATUSES } from '../../experiment/status.ts';
import { get } from '../base/api.ts';
import { onChange, onReopened } from '../base/live.ts';
import { Missing } from '../parts/missing.tsx';
import { Ago } from '../parts/ago.tsx';
import { StatusMark } from '../parts/status.tsx';

const SETTLE_MS = 1000;

/** All sweeps, newest first, each with how far it is. */
export function SweepsPage() {
  const sweeps = useSignal<SweepList['sweeps'] | null>(null);
  const failure = useSignal<unknown>(null);
  useEffect(() => {
    document.title = 'Sweeps – aichor';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = () => {
      timer = undefined;
      get<SweepList>('/sweeps').then(
        (found) => (sweeps.value = found.sweeps),
        (error: unknown) => (failure.value = error),
      );
    };
    const inTime = () => (timer ??= setTimeout(load, SETTLE_MS));
    const ends = [onChange(({ sweep }) => sweep !== null && inTime()), onReopened(inTime)];
    load();
    return () => {
      clearTimeout(timer);
      ends.forEach((end) => end());
    };
  }, [sweeps, failure]);
  return (
    <>
      <h1>Sweeps</h1>
      {sweeps.value === null ? (
        <Missing failure={failure.value} back={{ to: '/experiments', name: 'All experiments' }} />
      ) : (
        <Sweeps sweeps={sweeps.value} />
      )}
    </>
  );
}

function Sweeps({ sweeps }: SweepList) {
  if (sweeps.length === 0)
    return (
      <p class="empty">
        No sweep yet. In a repository with a manifest:{' '}
        <code>aichor experiments sweep --grid LR=0.1,0.01 --name first</code>
      </p>
    );
  return (
    <div class="scroller">
      <table class="sweeps">
        <thead>
          <tr>
            <th>Sweep</th>
            <th>Project</th>
            <th class="number">Points</th>
            <th>Experiments</th>
            <th class="number">Submitted</th>
          </tr>
        </thead>
        <tbody>
          {sweeps.map((sweep) => (
            <Sweep key={sweep.sweep} {...sweep} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Sweep({ sweep: name, project, points, repeat, counts, missing, created_at }: SweepSummary) {
  return (
    <tr>
      <td>
        <a href={`/sweeps/${encodeURIComponent(name)}`}>{name}</a>
      </td>
      <td>{project}</td>
      <td class="number">
        {points}
        {repeat > 1 && <span class="muted"> × {repeat}</span>}
      </td>
      <td>
        <span class="row">
          {STATUSES.filter((status) => counts[status]).map((status) => (
            <span key={status}>
              <StatusMark status={status} /> {counts[status]}
            </span>
          ))}
          {missing > 0 && <span class="missing">{missing} missing</span>}
        </span>
      </td>
      <td class="number">
        <Ago time={created_at} />
      </td>
    </tr>
  );
}

import { useSignal } from '@preact/signals';
import type { Delivery, DeliveryList } from '../../api/team/hook-contract.ts';
import { send } from '../base/api.ts';
import { say, sayFailure } from '../base/said.ts';
import { may } from '../base/session.ts';
import { shortId } from '../base/text.ts';
import { useLoaded, type Loaded } from './loaded.ts';
import { Ago } from '../parts/ago.tsx';
import { Shown, WideTable } from './parts.tsx';

interface DeliveriesProps {
  /** Of the project's route. */
  path: string;
  hasRepository: boolean;
}

/** Nothing tells of deliveries: they are asked for. */
const ASK_MS = 2000;
const PAGE = 50;
/** No more are given out. */
const MOST = 1000;

/** What the hook of a project was sent, and what was decided of each push and why; the newest first, and as it comes. */
export function Deliveries({ path, hasRepository }: DeliveriesProps) {
  const limit = useSignal(PAGE);
  const list = useLoaded<DeliveryList>(
    `${path}/deliveries`,
    { limit: limit.value },
    { everyMs: ASK_MS, withExperiments: true },
  );
  return (
    <section aria-labelledby="deliveries">
      <h2 id="deliveries">Deliveries</h2>
      <Shown of={list}>
        {({ deliveries }) => (
          <>
            <Table deliveries={deliveries} list={list} path={path} hasRepository={hasRepository} />
            {deliveries.length === limit.value && limit.value < MOST && (
              <button type="button" onClick={() => (limit.value = Math.min(MOST, limit.value * 4))}>
                Show more
              </button>
            )}
          </>
        )}
      </Shown>
    </section>
  );
}

type TableProps = DeliveryList & DeliveriesProps & { list: Loaded<DeliveryList> };

function Table({ deliveries, list, path, hasRepository }: TableProps) {
  if (deliveries.length === 0)
    return (
      <p class="muted">
        {hasRepository
          ? 'Nothing has been pushed yet that it was told of.'
          : 'The project has no repository whose pushes could start something.'}
      </p>
    );
  return (
    <WideTable name="What came">
      <thead>
        <tr>
          <th>When</th>
          <th>Decision</th>
          <th>Pushed</th>
          <th>Why</th>
          <th>Experiment</th>
          {may('member') && (
            <th>
              <span class="unseen">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {deliveries.map((delivery) => (
          <Row key={delivery.id} delivery={delivery} list={list} path={path} />
        ))}
      </tbody>
    </WideTable>
  );
}

/** In the colours of what became of experiments. */
const COLORS = {
  made: 'succeeded',
  queued: 'waiting',
  ignored: 'cancelled',
  failed: 'failed',
  refused: 'failed',
} as const satisfies Record<Delivery['decision'], string>;

function Row({ delivery, list, path }: { delivery: Delivery; list: Loaded<DeliveryList>; path: string }) {
  const { id, time, provider, ref, commit, decision, why, experiment_id: made } = delivery;
  const branch = /^refs\/heads\/(.+)$/s.exec(ref ?? '')?.[1];
  return (
    <tr data-id={id}>
      <td class="nowrap">
        <Ago time={time} />
      </td>
      <td>
        <span class={`status is-${COLORS[decision]}`}>{decision}</span>
      </td>
      <td>
        {branch ?? ref} {commit !== null && <code class="muted">{commit.slice(0, 10)}</code>}
        <span class="muted"> {provider}</span>
      </td>
      <td class="reason">{why}</td>
      <td>{made !== null && <a href={`/experiments/${made}`}>{shortId(made)}</a>}</td>
      {may('member') && (
        <td class="number">
          {branch !== undefined && commit !== null && decision !== 'queued' && (
            <Redeliver id={id} list={list} path={path} />
          )}
        </td>
      )}
    </tr>
  );
}

function Redeliver({ id, list, path }: { id: string; list: Loaded<DeliveryList>; path: string }) {
  const isBusy = useSignal(false);
  const redeliver = async () => {
    isBusy.value = true;
    try {
      await send<DeliveryList>('POST', `${path}/deliveries/${encodeURIComponent(id)}/redeliver`);
      say('It is decided again');
      await list.again();
    } catch (error) {
      sayFailure(error);
    }
    isBusy.value = false;
  };
  return (
    <button type="button" disabled={isBusy.value} onClick={() => void redeliver()}>
      Redeliver
    </button>
  );
}

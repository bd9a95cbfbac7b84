import { useSignal } from '@preact/signals';
import type { EngineList, EngineQueue, EngineSummary } from '../../api/engine-contract.ts';
import { counted } from '../../base/text/plural.ts';
import { firstLine, shortId, shortNumber } from '../base/text.ts';
import { useLoaded } from './loaded.ts';
import { Ago } from '../parts/ago.tsx';
import { Shown, TeamPage, WideTable } from './parts.tsx';
import { projectPath } from './projects.tsx';

/** What a cluster has changes without any experiment of ours. */
const ASK_MS = 10_000;
const PAGE = 50;
const MOST = 1000;

/** Where experiments run: what is there, what is taken of it, and what waits in which order and for what. */
export function EnginesPage() {
  const list = useLoaded<EngineList>('/engines', {}, { everyMs: ASK_MS, withExperiments: true });
  return (
    <TeamPage title="Engines">
      <Shown of={list}>
        {({ engines, notices }) => (
          <>
            {notices.length > 0 && (
              <ul class="notices">
                {notices.map(({ code, message }) => (
                  <li key={code + message}>{message}</li>
                ))}
              </ul>
            )}
            {engines.length === 0 && (
              <p class="empty">
                There is no engine that you may use. An admin adds a cluster: <code>aichor engines add</code>
              </p>
            )}
            {engines.map((engine) => (
              <Engine key={engine.name} engine={engine} />
            ))}
          </>
        )}
      </Shown>
    </TeamPage>
  );
}

function Engine({ engine }: { engine: EngineSummary }) {
  const { name, kind, default: isDefault, healthy, message } = engine;
  return (
    <section aria-labelledby={`engine-${name}`} class="engine-part">
      <h2 id={`engine-${name}`}>
        {name} <span class="muted">{kind === name ? '' : kind}</span>
      </h2>
      <p>
        <span class={`status is-${healthy ? 'succeeded' : 'failed'}`}>
          {healthy ? 'Healthy' : 'Not healthy'}
        </span>
        {isDefault && <span class="muted"> · where experiments go for which nobody names one</span>}
      </p>
      {message !== null && <p>{message}</p>}
      <Capacity engine={engine} />
      <Queue name={name} />
    </section>
  );
}

const PARTS = [
  ['Experiments', 'experiments', 'max_experiments'],
  ['CPUs', 'cpus', 'cpus'],
  ['Memory, GB', 'memory_gb', 'memory_gb'],
  ['GPUs', 'gpus', 'gpus'],
] as const;

function Capacity({ engine: { name, capacity, in_use: used } }: { engine: EngineSummary }) {
  return (
    <table class="capacity" aria-label={`What ${name} has`}>
      <thead>
        <tr>
          <th>Of</th>
          <th class="number">In use</th>
          <th class="number">There is</th>
          <th>
            <span class="unseen">Share</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {PARTS.map(([label, use, most]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td class="number">{shortNumber(used[use])}</td>
            <td class="number">{capacity[most] === null ? 'not said' : shortNumber(capacity[most])}</td>
            <td>
              {capacity[most] !== null && capacity[most] > 0 && (
                <meter
                  max={capacity[most]}
                  value={Math.min(used[use], capacity[most])}
                  aria-label={`${label} in use`}
                />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Queue({ name }: { name: string }) {
  const limit = useSignal(PAGE);
  const path = `/engines/${encodeURIComponent(name)}/queue`;
  const queue = useLoaded<EngineQueue>(
    path,
    { limit: limit.value },
    { everyMs: ASK_MS, withExperiments: true },
  );
  return (
    <Shown of={queue}>
      {({ total, waiting }) =>
        total === 0 ? (
          <p class="muted">Nothing waits for it.</p>
        ) : (
          <>
            <h3>{counted(total, 'experiment')} in the queue</h3>
            <Waiting name={name} waiting={waiting} />
            {waiting.length < total && limit.value < MOST && (
              <button type="button" onClick={() => (limit.value = Math.min(MOST, limit.value * 4))}>
                Show more
              </button>
            )}
          </>
        )
      }
    </Shown>
  );
}

function Waiting({ name, waiting }: { name: string; waiting: EngineQueue['waiting'] }) {
  return (
    <WideTable name={`Queue of ${name}`}>
      <thead>
        <tr>
          <th class="number">Place</th>
          <th>Experiment</th>
          <th>Project</th>
          <th>By</th>
          <th>What it waits for</th>
          <th class="number">Since</th>
        </tr>
      </thead>
      <tbody>
        {waiting.map(({ place, experiment }) => {
          const { experiment_id: id, message, project, submitted_by, explanation, created_at } = experiment;
          return (
            <tr key={id} data-id={id}>
              <td class="number">{place}</td>
              <td>
                <a href={`/experiments/${id}`}>{firstLine(message) || shortId(id)}</a>
              </td>
              <td>
                <a href={projectPath(project)}>{project}</a>
              </td>
              <td>{submitted_by}</td>
              <td class="reason">{explanation}</td>
              <td class="number">
                <Ago time={created_at} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </WideTable>
  );
}

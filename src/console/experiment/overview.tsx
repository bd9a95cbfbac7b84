import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { ExperimentList } from '../../api/contract.ts';
import { counted } from '../../base/text/plural.ts';
import type { Opened, OpenName } from '../../api/storage-contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { isTerminal } from '../../experiment/status.ts';
import { get, send } from '../base/api.ts';
import { now } from '../base/clock.ts';
import { onChange } from '../base/live.ts';
import { sayFailure } from '../base/said.ts';
import { may } from '../base/session.ts';
import { firstLine, localTime, shortDuration, shortId, shortNumber } from '../base/text.ts';
import { StatusMark } from '../parts/status.tsx';
import { Pods } from './pods.tsx';
import { STEP_NAMES, stepTimes } from './steps.ts';

export function Overview({ record }: { record: ExperimentRecord }) {
  return (
    <div class="parts">
      <Timeline record={record} />
      <Notices record={record} />
      <Links record={record} />
      <Metrics record={record} />
      <Facts record={record} />
      <Pods {...record} />
      <Events record={record} />
    </div>
  );
}

function Timeline({ record }: { record: ExperimentRecord }) {
  const steps = stepTimes(record, record.ended_at === null ? now.value : now.peek());
  return (
    <section aria-labelledby="steps">
      <h2 id="steps">Steps</h2>
      <ol class="timeline">
        {steps.map(({ step, seconds, share, start, isOver }) => (
          <li key={step} class={isOver ? undefined : 'going'} title={localTime(start)}>
            <span class="step">{STEP_NAMES[step]}</span>
            <svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
              <rect width={Math.max(0.5, share * 100)} height="4" />
            </svg>
            <span class="number">{shortDuration(seconds)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Notices({ record: { notices } }: { record: ExperimentRecord }) {
  if (notices.length === 0) return null;
  return (
    <section aria-labelledby="notices">
      <h2 id="notices">{counted(notices.length, 'notice')}</h2>
      <ul class="notices">
        {notices.map(({ code, message }) => (
          <li key={code + message}>
            {message} <code class="muted">{code}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

const LINKS: readonly { name: OpenName; key: keyof ExperimentRecord['links']; label: string }[] = [
  { name: 'tensorboard', key: 'tensorboard', label: 'TensorBoard' },
  { name: 'ray', key: 'ray_dashboard', label: 'Ray dashboard' },
  { name: 'jupyter', key: 'jupyter', label: 'Jupyter' },
  { name: 'vscode', key: 'vscode', label: 'VS Code' },
];

function Links({ record }: { record: ExperimentRecord }) {
  const { experiment_id: id, links, paths, status } = record;
  const isAgain = isTerminal(status) && paths.tensorboard !== null;
  const there = LINKS.filter(({ key }) => links[key] !== null || (key === 'tensorboard' && isAgain));
  if (there.length === 0 || !may('member')) return null;
  return (
    <section aria-labelledby="links">
      <h2 id="links">What it serves</h2>
      <p class="row">
        {there.map(({ name, label }) => (
          <button key={name} type="button" onClick={() => void openLink(id, name)}>
            {label} ↗
          </button>
        ))}
      </p>
    </section>
  );
}

/** In another tab, which knows nothing of this one: what opens there is an experiment's. */
async function openLink(id: string, name: OpenName): Promise<void> {
  try {
    const { url } = await send<Opened>('POST', `/experiments/${id}/open/${name}`);
    if (/^https?:\/\//.test(url)) window.open(url, '_blank', 'noopener,noreferrer');
  } catch (error) {
    sayFailure(error);
  }
}

function Metrics({ record: { metrics } }: { record: ExperimentRecord }) {
  const names = Object.entries(metrics);
  if (names.length === 0) return null;
  return (
    <section aria-labelledby="metrics">
      <h2 id="metrics">Metrics</h2>
      <div class="scroller">
        <table>
          <thead>
            <tr>
              <th>Name</th>
              <th class="number">Last</th>
              <th class="number">Step</th>
              <th class="number">Smallest</th>
              <th class="number">Largest</th>
            </tr>
          </thead>
          <tbody>
            {names.map(([name, metric]) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="number">{shortNumber(metric.last)}</td>
                <td class="number">{shortNumber(metric.step)}</td>
                <td class="number">{shortNumber(metric.min)}</td>
                <td class="number">{shortNumber(metric.max)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Facts({ record }: { record: ExperimentRecord }) {
  const { resources, source, labels, env, secrets } = record;
  return (
    <section aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="facts">
        <Fact name="Id">
          <code>{record.experiment_id}</code>
        </Fact>
        <Fact name="Project">{record.project}</Fact>
        <Fact name="Submitted">
          {localTime(record.created_at)}
          {record.submitted_by !== null && ` by ${record.submitted_by}`}
        </Fact>
        <Fact name="Engine">
          {record.engine}
          {record.operator !== null && `, ${record.operator}`}
        </Fact>
        <Fact name="Resources">
          {counted(resources.pods, 'pod')}, {counted(resources.cpus, 'CPU')}, {resources.memory_gb} GB
          {resources.gpus > 0 && `, ${counted(resources.gpus, 'GPU')}`}
        </Fact>
        <Fact name="Code">
          <Source source={source} />
        </Fact>
        {source.commit_message && <Fact name="Commit">{source.commit_message}</Fact>}
        {record.message.includes('\n') && <Fact name="Message">{record.message}</Fact>}
        {record.note !== null && <Fact name="Note">{record.note}</Fact>}
        {record.image !== null && (
          <Fact name="Image">
            <code>{record.image}</code>
          </Fact>
        )}
        {record.sweep !== null && (
          <Fact name="Sweep">
            <a href={`/sweeps/${encodeURIComponent(record.sweep.name)}`}>{record.sweep.name}</a>, point{' '}
            {record.sweep.index}
          </Fact>
        )}
        {record.resubmit_of !== null && (
          <Fact name="Runs again">
            <a href={`/experiments/${record.resubmit_of}`}>{shortId(record.resubmit_of)}</a>
          </Fact>
        )}
        <Later id={record.experiment_id} />
        <Pairs name="Labels" pairs={labels} />
        <Pairs name="Variables" pairs={env} />
        {secrets.length > 0 && <Fact name="Secrets">{secrets.join(', ')}</Fact>}
        <Fact name="Outputs">
          <code>{record.paths.output}</code>
        </Fact>
      </dl>
    </section>
  );
}

/** What it was run again as, newest first. */
function Later({ id }: { id: string }) {
  const later = useSignal<ExperimentList | null>(null);
  useEffect(() => {
    const load = () =>
      void get<ExperimentList>('/experiments', { resubmit_of: id, limit: 20 }).then(
        (found) => (later.value = found),
        sayFailure,
      );
    load();
    return onChange(({ resubmit_of: first }) => first === id && load());
  }, [id, later]);
  if (later.value === null || later.value.experiments.length === 0) return null;
  return (
    <Fact name="Run again as">
      <ul class="pairs">
        {later.value.experiments.map(({ experiment_id, status, message }) => (
          <li key={experiment_id}>
            <a href={`/experiments/${experiment_id}`}>{shortId(experiment_id)}</a>{' '}
            <StatusMark status={status} /> <span class="muted">{firstLine(message)}</span>
          </li>
        ))}
        {later.value.next_cursor !== null && <li class="muted">and more before those</li>}
      </ul>
    </Fact>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Pairs({ name, pairs }: { name: string; pairs: Readonly<Record<string, string>> }) {
  const all = Object.entries(pairs);
  if (all.length === 0) return null;
  return (
    <Fact name={name}>
      <ul class="pairs">
        {all.map(([key, value]) => (
          <li key={key}>
            <code>
              {key}={value}
            </code>
          </li>
        ))}
      </ul>
    </Fact>
  );
}

function Source({ source }: { source: ExperimentRecord['source'] }) {
  const { kind, commit_sha: sha, branch, dirty, url, repository, author } = source;
  const commit = sha === null ? null : <code>{sha.slice(0, 12)}</code>;
  const isWeb = url != null && /^https?:\/\//.test(url);
  return (
    <>
      {kind === 'local' ? 'a directory' : 'a commit'}{' '}
      {isWeb ? (
        <a href={url} target="_blank" rel="noopener noreferrer">
          {commit ?? url} ↗
        </a>
      ) : (
        commit
      )}
      {branch !== null && ` of ${branch}`}
      {dirty === true && <span class="dirty"> with changes that are in no commit</span>}
      {author != null && ` by ${author}`}
      {repository !== null && <span class="muted"> {repository}</span>}
    </>
  );
}

/** What happened last is what one looks for. */
function Events({ record: { events } }: { record: ExperimentRecord }) {
  return (
    <section>
      <details>
        <summary>
          <h2>{counted(events.length, 'event')}</h2>
        </summary>
        <ol class="events">
          {events.map(({ time, message }, index) => (
            <li key={index}>
              <time dateTime={time} class="muted">
                {localTime(time)}
              </time>{' '}
              {message}
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}

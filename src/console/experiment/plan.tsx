import { useSignal, useSignalEffect } from '@preact/signals';
import { counted } from '../../base/text/plural.ts';
import type { ExperimentPlan, ManifestFindings } from '../../api/console/plan-contract.ts';
import type { ExperimentRecord } from '../../experiment/record.ts';
import { apiUrl } from '../../api/console/addresses.ts';
import { get, request } from '../base/api.ts';
import { shortDuration } from '../base/text.ts';
import { ManifestText } from './manifest.tsx';

/** The manifest that ran, and what was made of it. */
export function PlanPage({ record: { experiment_id: id } }: { record: ExperimentRecord }) {
  const plan = useSignal<ExperimentPlan | Error | null>(null);
  const manifest = useSignal<string | Error | null>(null);
  const findings = useSignal<ManifestFindings['diagnostics']>([]);
  useSignalEffect(() => {
    settle(get<ManifestFindings>(`/experiments/${id}/manifest/findings`), (found) => {
      if (!(found instanceof Error)) findings.value = found.diagnostics;
    });
    settle(get<ExperimentPlan>(`/experiments/${id}/plan`), (value) => (plan.value = value));
    settle(readText(`/experiments/${id}/manifest`), (value) => (manifest.value = value));
  });
  return (
    <div class="parts">
      <section aria-labelledby="plan">
        <h2 id="plan">Plan</h2>
        <Shown value={plan.value}>{(found) => <Plan plan={found} />}</Shown>
      </section>
      <section aria-labelledby="manifest">
        <h2 id="manifest">Manifest</h2>
        <Shown value={manifest.value}>
          {(text) => <ManifestText text={text} findings={findings.value} />}
        </Shown>
      </section>
    </div>
  );
}

function Shown<T>({
  value,
  children,
}: {
  value: T | Error | null;
  children: (value: T) => preact.JSX.Element;
}) {
  if (value === null) return <p class="muted">Loading…</p>;
  if (value instanceof Error) return <p class="muted">{value.message}</p>;
  return children(value);
}

function settle<T>(work: Promise<T>, take: (value: T | Error) => void): void {
  work.then(take, (error: unknown) => take(error instanceof Error ? error : new Error(String(error))));
}

async function readText(path: string): Promise<string> {
  return (await request(apiUrl(path))).text();
}

function Plan({ plan }: { plan: ExperimentPlan }) {
  return (
    <>
      <dl class="facts">
        <div>
          <dt>Operator</dt>
          <dd>{plan.operator}</dd>
        </div>
        <div>
          <dt>Command</dt>
          <dd>
            <code>{plan.command}</code>
          </dd>
        </div>
        {plan.coordinator_pod !== null && (
          <div>
            <dt>Coordinator</dt>
            <dd>
              {plan.coordinator_pod}, port {plan.coordinator_port}
            </dd>
          </div>
        )}
        <div>
          <dt>Time limit</dt>
          <dd>{plan.timeout_s === null ? 'none' : shortDuration(plan.timeout_s)}</dd>
        </div>
        <div>
          <dt>Restarts</dt>
          <dd>{plan.backoff_limit === 0 ? 'none' : `at most ${plan.backoff_limit}`}</dd>
        </div>
      </dl>
      {plan.groups.map((group) => (
        <PlannedGroup key={group.name} group={group} />
      ))}
    </>
  );
}

function PlannedGroup({ group }: { group: ExperimentPlan['groups'][number] }) {
  const { name, pods, completions, parallelism, cpus, memory_gb, gpus, gpu_product, env } = group;
  const waves = Math.ceil(completions / Math.max(1, parallelism));
  return (
    <section class="group">
      <h3>
        {name}: {counted(pods, 'pod')}
        {waves > 1 && ` in ${waves} waves of ${parallelism}`}
      </h3>
      <p class="muted">
        Each with {counted(cpus, 'CPU')}, {memory_gb} GB
        {gpus > 0 && `, ${counted(gpus, 'GPU')}${gpu_product === null ? '' : ` (${gpu_product})`}`}
      </p>
      <details>
        <summary>{counted(env.length, 'variable')}</summary>
        <div class="scroller">
          <table>
            <thead>
              <tr>
                <th>Name</th>
                <th>Value</th>
                <th>From</th>
              </tr>
            </thead>
            <tbody>
              {env.map((variable, index) => (
                <tr key={index}>
                  <td>
                    <code>{variable.name}</code>
                  </td>
                  <td>{variableValue(variable)}</td>
                  <td class="muted">{variable.origin}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </section>
  );
}

function variableValue({ source, value }: ExperimentPlan['groups'][number]['env'][number]) {
  if (source === 'literal') return <code>{value}</code>;
  if (source === 'secret') return <span class="muted">***, a secret</span>;
  if (source === 'command') return <span class="muted">the command</span>;
  const what = (value ?? '').replaceAll('-', ' ');
  return (
    <span class="muted">
      {source === 'coordinator-address' ? `${value} with the coordinator's port` : what}
    </span>
  );
}

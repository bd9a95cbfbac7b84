import type { Opened, OpenName } from '../../api/storage-contract.ts';
import { AichorError } from '../../errors.ts';
import type { Plan } from '../../experiment/plan/plan.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import type { Engine } from '../../engines/engine.ts';
import type { LinkServer } from '../links/links.ts';
import { experimentFolder, type Folders } from '../process/folders.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { PrivateStore } from '../submission/private-values.ts';

/** What opening a link needs. */
export interface Opening {
  store: Pick<ExperimentStore, 'resolve' | 'state' | 'submission' | 'build'>;
  engines: ReadonlyMap<string, Engine>;
  links: Pick<LinkServer, 'opened'>;
  folders: Folders;
  privateValues: Pick<PrivateStore, 'read'>;
  /** Aborted when the server goes. */
  closing: AbortSignal;
}

const LINKS = {
  tensorboard: 'tensorboard',
  ray: 'ray_dashboard',
  jupyter: 'jupyter',
  vscode: 'vscode',
} as const;

/** The link of a running experiment; of one that has ended TensorBoard, started again, or what Ray's history server shows. */
export async function openLink(
  by: Opening,
  { ref, name, isStillIn }: { ref: string; name: OpenName; isStillIn: () => boolean },
): Promise<Opened> {
  const id = by.store.resolve(ref);
  const state = stateOf(by.store, id);
  const url = state.record.links[LINKS[name]];
  const opened = async (link: string): Promise<Opened> => {
    const own = name === 'vscode' ? null : await by.links.opened(id, name, { url: link, isStillIn });
    return { experiment_id: id, name, url: own ?? link };
  };
  if (url !== null) return opened(url);
  if (name === 'tensorboard' && state.ended) return opened(await startAgain(by, state));
  const history = name === 'ray' && state.ended ? historyOf(by, state) : null;
  if (history !== null) return { experiment_id: id, name, url: history };
  const isOn = isAskedFor(name, by.store.submission(id)?.plan ?? null);
  throw new AichorError(
    'not_found',
    `experiment ${id} has no link to ${name}: ${whyNot(name, state, isOn)}`,
    {
      hint: isOfHistory(by, name, state) ? historyHint(state) : hintFor(name, state, isOn),
    },
  );
}

/** Null: its engine knows of none. */
function historyOf({ engines }: Opening, { record }: ExperimentState): string | null {
  if (record.operator !== 'kuberay') return null;
  return engines.get(record.engine)?.rayHistory?.(record.experiment_id) ?? null;
}

async function startAgain(by: Opening, { record }: ExperimentState): Promise<string> {
  const { experiment_id: id, project, paths, engine: engineName } = record;
  const engine = by.engines.get(engineName);
  if (paths.tensorboard === null) {
    throw new AichorError('not_found', `experiment ${id} wrote nothing for TensorBoard: it was not enabled`, {
      hint: 'set spec.tensorboard.enabled, and write to the folder AICHOR_TENSORBOARD_PATH',
    });
  }
  if (engine?.openTensorBoard === undefined) {
    throw new AichorError('engine_unavailable', `the engine ${engineName} cannot start TensorBoard again`, {
      hint: `read the events yourself: tensorboard --logdir ${paths.tensorboard}`,
    });
  }
  const plan = by.store.submission(id)?.plan;
  if (plan == null) throw new Error(`experiment ${id} wrote for TensorBoard, but has no plan`);
  const { shell } = await by.privateValues.read(id);
  return engine.openTensorBoard({
    experimentId: id,
    project,
    plan,
    directory: experimentFolder(by.folders, id),
    events: paths.tensorboard,
    build: by.store.build(id),
    shell,
    signal: by.closing,
  });
}

/** Whether the manifest asks for it; null: that is not known (yet). */
function isAskedFor(name: OpenName, plan: Plan | null): boolean | null {
  if (plan === null) return null;
  if (name === 'ray') return plan.operator === 'kuberay';
  return name === 'tensorboard' ? plan.tensorboard.enabled : plan.debug[name] !== null;
}

function whyNot(name: OpenName, { record, ended }: ExperimentState, isOn: boolean | null): string {
  if (ended) return `it has ended (${record.status})`;
  if (name === 'ray')
    return record.operator === 'kuberay' ? 'its head is not up yet' : `its operator is ${record.operator}`;
  if (isOn === false) return name === 'tensorboard' ? 'it is not enabled' : 'it is not being debugged';
  return `it is not up yet (${record.status})`;
}

/** It could be shown, if the engine were told where. */
function isOfHistory({ engines }: Opening, name: OpenName, { record, ended }: ExperimentState): boolean {
  const hasHistory = engines.get(record.engine)?.rayHistory !== undefined;
  return name === 'ray' && ended && record.operator === 'kuberay' && hasHistory;
}

function historyHint({ record }: ExperimentState): string {
  const id = record.experiment_id.slice(0, 8);
  return `its dashboard went with it: aichor experiments logs ${id} has what it printed, and aichor experiments resubmit ${id} runs it again; where the cluster has Ray's history server: aichor engines add ${record.engine} with --replace and --set ray_history_url=URL`;
}

function hintFor(name: OpenName, { record, ended }: ExperimentState, isOn: boolean | null): string {
  const { message } = record.notices.find(({ code }) => code.startsWith(`${name}_`)) ?? { message: null };
  if (message !== null) return message;
  const id = record.experiment_id.slice(0, 8);
  if (isOn === true && ended)
    return `it is there only while the experiment runs: aichor experiments resubmit ${id} runs it again`;
  if (isOn !== false && !ended)
    return `it comes once the pods run: aichor experiments get ${id} shows its link, and what is waited for`;
  if (name === 'tensorboard') return 'set spec.tensorboard.enabled in the manifest';
  return name === 'ray'
    ? 'the dashboard is there while a kuberay experiment runs'
    : `set spec.debug.${name} in the manifest`;
}

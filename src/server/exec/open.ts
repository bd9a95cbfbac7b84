import { didYouMean } from '../../base/text/did-you-mean.ts';
import { counted } from '../../base/text/plural.ts';
import type { Engine, ExecRequest, ExecSession } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import type { PodRecord } from '../../experiment/record.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import type { Caller } from '../people/caller.ts';
import type { Log } from '../ports.ts';
import { mayRunHere } from '../projects/rules.ts';
import { stateOf, type ExperimentStore } from '../store/store.ts';
import type { ProjectTable } from '../store/tables/projects.ts';
import { EMBEDDED_ENGINE } from '../submission/choose-engine.ts';

/** What running a command in a pod needs. */
export interface PodsOpening {
  store: Pick<ExperimentStore, 'resolve' | 'state'>;
  engines: ReadonlyMap<string, Engine>;
  /** Whether the engine `local` is for others than the server's own user. */
  localForAll: boolean;
  projects: Pick<ProjectTable, 'named'>;
  log: Log;
}

/** A pod in which a command may be run. */
export interface OpenPod {
  experimentId: string;
  pod: string;
  run(request: Omit<ExecRequest, 'pod'>): Promise<ExecSession>;
}

/** Throws AichorError: `not_found`, `forbidden`, `engine_unavailable`, `conflict` (the pod does not run). */
export function openPod(
  by: PodsOpening,
  { ref, pod }: { ref: string; pod: string },
  caller: Caller,
): OpenPod {
  const id = by.store.resolve(ref);
  const { record, ended } = stateOf(by.store, id);
  const project = by.projects.named(record.project);
  if (record.engine === EMBEDDED_ENGINE && !caller.isOwner && !mayRunHere(project, caller, by.localForAll))
    throw new AichorError('forbidden', `experiment ${id} runs with the rights of the server's user`, {
      hint: 'only that user may run commands in its pods, unless the server is started with --local',
    });
  if (ended)
    throw new AichorError('conflict', `experiment ${id} has ended (${record.status}): its pods are gone`, {
      hint: `aichor experiments logs ${id.slice(0, 8)} shows what they printed; resubmit runs it again`,
    });
  const engine = by.engines.get(record.engine);
  if (engine?.exec === undefined)
    throw new AichorError('engine_unavailable', `the engine ${record.engine} runs no commands in pods`, {
      hint: 'look at what they print: aichor experiments logs --follow',
    });
  assertRuns(record, pod);
  const exec = engine.exec.bind(engine);
  return { experimentId: id, pod, run: (request) => exec(id, { ...request, pod }) };
}

function assertRuns(record: ExperimentState['record'], name: string): void {
  const { experiment_id: id, status, pods } = record;
  const pod = pods.find((each) => each.pod === name);
  if (pod?.status === 'Running') return;
  if (pod !== undefined) throw notRunning(id, pod);
  if (pods.length === 0)
    throw new AichorError('conflict', `no pod of experiment ${id} has been started yet (${status})`, {
      hint: `aichor experiments get ${id.slice(0, 8)} shows what is waited for`,
    });
  const names = pods.map((each) => each.pod);
  const meant = didYouMean(name, names);
  const some = names.slice(0, 8).join(', ');
  const there = names.length <= 8 ? some : `${some}, … (${counted(names.length, 'pod')})`;
  throw new AichorError('not_found', `experiment ${id} has no pod ${JSON.stringify(name)}`, {
    hint: meant === null ? `its pods: ${there}` : `did you mean ${meant}? its pods: ${there}`,
  });
}

function notRunning(id: string, { pod, status }: PodRecord): AichorError {
  const short = id.slice(0, 8);
  return status === 'Pending'
    ? new AichorError('conflict', `pod ${pod} of experiment ${id} does not run yet`, {
        hint: `aichor experiments get ${short} shows what it waits for`,
      })
    : new AichorError('conflict', `pod ${pod} of experiment ${id} does not run any longer (${status})`, {
        hint: `aichor experiments logs ${short} --pod ${pod} shows what it printed`,
      });
}

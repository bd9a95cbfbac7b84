import { mkdir } from 'node:fs/promises';
import type { Engine, RunContext } from '../../engines/engine.ts';
import { AichorError } from '../../errors.ts';
import { planPeak } from '../../experiment/plan/totals.ts';
import type { ExperimentState } from '../../experiment/state.ts';
import type { Ground } from './ground.ts';
import { isInFolders } from '../engines/place.ts';
import { engineFolder } from '../process/folders.ts';
import type { ExperimentLogs } from '../ports.ts';

export interface Signals {
  /** End the experiment. */
  stop: AbortSignal;
  /** The server goes; the experiment goes on without it. */
  detach: AbortSignal;
}

/** One that is taken to its end. */
export interface Course extends Signals {
  /** It has ended, though not all of its logs are here. */
  onEnded(): void;
  /** All of its log is here. */
  onLogs(): void;
}

export interface Carrying extends Pick<Course, 'onEnded'> {
  id: string;
  engine: Engine;
  logs: ExperimentLogs;
  /** What `--python-env` says. */
  pythonEnv: string | null;
  /** `--rebuild`. */
  rebuild: boolean;
  /** What `run` needs, less the build's result. */
  context: Omit<RunContext, 'build'>;
}

/** Everything an engine is handed, gathered from where it lies. Throws AichorError when something is missing. */
export async function gatherContext(
  ground: Ground,
  state: ExperimentState,
  { onEnded, stop, detach }: Course,
): Promise<Carrying> {
  const { experiment_id: id, project, source, paths } = state.record;
  const submission = ground.store.submission(id);
  const engine = ground.engines.get(state.record.engine);
  if (engine === undefined) {
    throw new AichorError('engine_unavailable', `the engine ${state.record.engine} is no longer configured`);
  }
  const snapshot = source.snapshot === null ? null : await ground.snapshots.open(source.snapshot);
  if (snapshot === null)
    throw new AichorError('not_found', `the snapshot ${source.snapshot} is no longer here`);
  if (submission?.plan == null) throw new Error(`experiment ${id} lives but has no plan`);
  const directory = engineFolder(ground.folders, id);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const folders = isInFolders(state.record) ? [paths.input, paths.output, paths.tensorboard] : [];
  for (const folder of folders) if (folder !== null) await mkdir(folder, { recursive: true, mode: 0o700 });
  const logs = await ground.logs.open(id);
  const { secrets, shell, rebuild, python_env: pythonEnv } = await ground.privateValues.read(id);
  const { input, output, tensorboard } = paths;
  const context = {
    experimentId: id,
    project,
    plan: submission.plan,
    snapshot,
    directory,
    logs,
    secrets,
    shell,
    paths: { input, output, tensorboard },
    keep: submission.keep,
    admitted: planPeak(submission.plan),
    stop,
    detach,
  };
  return { id, engine, logs, pythonEnv, rebuild, onEnded, context };
}

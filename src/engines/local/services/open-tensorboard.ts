import { delimiter } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { AichorError } from '../../../errors.ts';
import type { TensorBoardContext } from '../../engine.ts';
import { readPrograms } from '../build/build-result.ts';
import type { EngineDeps } from '../deps.ts';
import { howToGetTensorBoard, startTensorBoard } from './tensorboard.ts';

/**
 * TensorBoard for an experiment that has ended: the one of its environment, else of PATH. It stays for some hours, or
 * until the experiment is deleted.
 *
 * @throws AichorError `engine_unavailable` when there is none, or it does not start
 */
export async function openTensorBoard(deps: EngineDeps, context: TensorBoardContext): Promise<string> {
  const { experimentId, directory, events, build, shell, signal } = context;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const programs = build === null ? [] : readPrograms(build);
  const env = {
    ...shell,
    PATH: [...programs, shell['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter),
  };
  const board = { experimentId, directory, events, env, processes: deps.processes, stays: true };
  const started = await startTensorBoard(board, signal);
  if (started.kind === 'up') return started.url;
  if (started.kind === 'failed')
    throw new AichorError('engine_unavailable', `TensorBoard did not start: ${started.detail}`);
  throw new AichorError('engine_unavailable', 'there is no TensorBoard to open it with', {
    hint: howToGetTensorBoard(events),
  });
}

import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sleep, sleepUnless } from '../../../base/async/abort.ts';
import { readIfThere } from '../../../base/io/files.ts';
import { place } from '../../../base/io/place.ts';
import { AichorError } from '../../../errors.ts';
import type { Processes } from '../../../machine/processes.ts';
import { bucketName } from '../../../render/local/paths.ts';
import type { ObjectStoreSettings } from '../../../object-store/serve/serve.ts';
import type { RunContext } from '../../engine.ts';
import type { PodStorage } from '../pod/pod-environment.ts';
import { answers, launchBeside, runsBeside } from './beside.ts';

/** Its name where a pod's would stand. */
export const OBJECT_STORE = 'object-store';

/** Clients want one, and take any. */
const REGION = 'us-east-1';

/** It answers within half a second; on a machine that is busy with training, later. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;
/** How often it is looked whether it still serves. */
const LOOK_MS = 1000;

/** The program; run from source it is the built one. */
const PROGRAM = fileURLToPath(
  import.meta.url.endsWith('.ts')
    ? new URL('../../../../dist/object-store.cjs', import.meta.url)
    : new URL('./object-store.cjs', import.meta.url),
);

/** The folders of an experiment, served to its pods as buckets. */
export interface Buckets {
  storage: PodStorage;
  /** Starts the server again whenever it is gone, until `signal`. */
  keep(signal: AbortSignal): Promise<void>;
}

/**
 * Serves inputs and outputs as buckets on a port of this machine, in a process of its own that goes with the experiment.
 * Its keys are the experiment's: they read the project's inputs and outputs, and write below its own outputs.
 *
 * @throws AichorError `engine_unavailable` when it does not come up
 */
export async function openBuckets(
  context: Pick<RunContext, 'experimentId' | 'project' | 'directory' | 'paths' | 'shell'>,
  { processes, port }: { processes: Processes; port: number },
): Promise<Buckets> {
  const { experimentId, project, directory, paths, shell } = context;
  const state = join(directory, OBJECT_STORE);
  await mkdir(state, { recursive: true, mode: 0o700 });
  const file = join(state, 'settings.json');
  const log = join(state, 'log');
  const kept = await readIfThere(file);
  const settings =
    kept === null
      ? newSettings({ experimentId, project, paths, state, port })
      : (JSON.parse(kept) as ObjectStoreSettings);
  if (kept === null) await place(file, JSON.stringify(settings));
  const env = { PATH: shell['PATH'] ?? '/usr/local/bin:/usr/bin:/bin' };
  const isRunning = () => runsBeside(processes, { name: OBJECT_STORE, experimentId });
  const launch = () =>
    launchBeside([process.execPath, PROGRAM, file], { name: OBJECT_STORE, experimentId, env, log });
  if (!(await isRunning())) launch();
  await comesUp(settings.port, { isRunning, log });
  return {
    storage: storageOf(settings, { experimentId, isTensorBoard: paths.tensorboard !== null }),
    async keep(signal) {
      while (!signal.aborted) {
        await sleepUnless(signal, LOOK_MS);
        if (signal.aborted || (await answers(settings.port)) || (await isRunning())) continue;
        launch();
      }
    },
  };
}

interface Served {
  experimentId: string;
  project: string;
  paths: RunContext['paths'];
  state: string;
  port: number;
}

function newSettings({ experimentId, project, paths, state, port }: Served): ObjectStoreSettings {
  return {
    port,
    accessKey: `AICHOR${randomBytes(7).toString('hex').toUpperCase()}`,
    secretKey: randomBytes(30).toString('base64url'),
    state,
    buckets: [
      { name: bucketName(project, 'inputs'), folder: paths.input.replace(/\/$/, ''), writable: null },
      {
        name: bucketName(project, 'outputs'),
        // Outputs of other experiments of the project are beside it.
        folder: dirname(dirname(paths.output.replace(/\/$/, ''))),
        writable: `output/${experimentId}/`,
      },
    ],
  };
}

function storageOf(
  { port, accessKey, secretKey, buckets: [inputs, outputs] }: ObjectStoreSettings,
  { experimentId, isTensorBoard }: { experimentId: string; isTensorBoard: boolean },
): PodStorage {
  const output = `s3://${outputs?.name}/output/${experimentId}/`;
  return {
    paths: {
      input: `s3://${inputs?.name}/`,
      output,
      tensorboard: isTensorBoard ? `${output}tensorboard` : null,
    },
    // An address, not a name: clients take the bucket from the path then.
    endpoint: `http://127.0.0.1:${port}`,
    variables: {
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
    },
  };
}

async function comesUp(
  port: number,
  { isRunning, log }: { isRunning: () => Promise<boolean>; log: string },
): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MS; waited += PAUSE_MS) {
    if (await answers(port)) return;
    if (waited > 1000 && !(await isRunning())) break;
    await sleep(PAUSE_MS);
  }
  const said = ((await readIfThere(log)) ?? '').trim().split('\n').at(-1);
  throw new AichorError(
    'engine_unavailable',
    `the object storage of this machine did not start: ${said || 'it said nothing'}`,
    {
      hint: 'submit again, or with --storage folder',
    },
  );
}

/**
 * A program that hosts the engine, to be killed: builds and runs the experiment whose submission lies in the file
 * given, and prints each fact as a line of JSON.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalEngine } from '../../src/engines/local/engine.ts';
import { planPeak } from '../../src/experiment/plan/totals.ts';
import type { Plan } from '../../src/experiment/plan/plan.ts';
import { createLogStore } from '../../src/logs/store/log-store.ts';
import { createSnapshotStore } from '../../src/snapshot/store/store.ts';

/** What the test hands to the program. */
export interface Hosted {
  id: string;
  folder: string;
  digest: string;
  plan: Plan;
  /** It was cancelled already. */
  stop: boolean;
}

const [, , file = ''] = process.argv;
const { id, folder, digest, plan, stop }: Hosted = JSON.parse(await readFile(file, 'utf8'));
const engine = createLocalEngine({ dataFolder: folder, env: process.env, now: () => new Date() });
const logs = await createLogStore(join(folder, 'experiments'), () => new Date()).open(id);
const snapshot = await createSnapshotStore(folder).open(digest);
if (snapshot === null) throw new Error(`no snapshot ${digest}`);
const context = {
  experimentId: id,
  project: 'default',
  plan,
  snapshot,
  logs,
  directory: join(folder, 'experiments', id, 'engine'),
  paths: { input: `${folder}/inputs/`, output: `${folder}/outputs/`, tensorboard: null },
  secrets: {},
  shell: { PATH: process.env['PATH'] ?? '' },
  keep: false,
  stop: stop ? AbortSignal.abort() : new AbortController().signal,
  detach: new AbortController().signal,
};
const build = await engine.build({
  ...context,
  // It was built before it was cancelled.
  stop: new AbortController().signal,
  reuse: null,
  pythonEnv: null,
  rebuild: false,
  progress: () => undefined,
});
for await (const fact of engine.run({ ...context, build, admitted: planPeak(plan) })) {
  process.stdout.write(`${JSON.stringify(fact)}\n`);
}
process.exit(0);

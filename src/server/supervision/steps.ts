import { sleep } from '../../base/async/abort.ts';
import type { BuildResult } from '../../engines/engine.ts';
import type { ExperimentFact } from '../../experiment/event.ts';
import { STEPS, type Step } from '../../experiment/status.ts';
import { reusedExperiment } from '../../operators/image.ts';
import { crashPoint } from '../../base/io/crash-point.ts';
import type { Ground } from './ground.ts';
import { stateOf } from '../store/store.ts';
import { noticeFacts } from '../submission/notice-facts.ts';
import type { ExperimentStore } from '../store/store.ts';
import { batches } from './batches.ts';
import type { Carrying } from './context.ts';
import { lateMetrics, recordLate } from './late.ts';
import { record, recordProgress } from './recording/record.ts';

/**
 * The steps of an experiment whose files are here: build → submit → run. Each begins with a fact, and each can
 * be begun again after a crash: what is stored already is not stored again, the engine finds what it had done.
 */
export async function takeSteps(ground: Ground, carrying: Carrying): Promise<void> {
  const build = ground.store.build(carrying.id) ?? (await takeBuild(ground, carrying));
  if (build === null || carrying.context.detach.aborted) return;
  await begin(ground, carrying, { step: 'submit', message: `handed to the engine ${carrying.engine.name}` });
  await takeRun(ground, carrying, build);
}

/** Null: stopped before it was built. */
async function takeBuild(ground: Ground, carrying: Carrying): Promise<BuildResult | null> {
  const { id, engine, context } = carrying;
  const { detach, stop } = context;
  if (stop.aborted) return null;
  await begin(ground, carrying, { step: 'build', message: 'preparing the environment' });
  let said: string | null = null;
  const build = await engine.build({
    ...context,
    reuse: reusedBuild(ground, carrying),
    pythonEnv: carrying.pythonEnv,
    rebuild: carrying.rebuild,
    progress(message) {
      if (message === said) return;
      said = message;
      recordProgress(ground, id, message);
    },
  });
  crashPoint('built');
  if (detach.aborted) return null;
  const facts: ExperimentFact[] = [
    { type: 'step', step: 'build', message: build.message },
    ...(build.image === undefined ? [] : [{ type: 'image', image: build.image } as const]),
    ...noticeFacts(build.notices),
  ];
  await record(ground, id, { facts, build, detach });
  return build;
}

/** What `builder.skipBuild` refers to; null when that experiment, or its build, is not there. */
function reusedBuild({ store }: Ground, { context }: Carrying): BuildResult | null {
  const id = reusedExperiment(context.plan);
  return id === null ? null : store.build(id);
}

/** So long an end that is told early waits for the last metrics. */
const METRICS_MS = 500;

/** It runs from the first fact about its pods on: until then the engine has only been told. */
async function takeRun(ground: Ground, carrying: Carrying, build: BuildResult): Promise<void> {
  const { id, engine, context } = carrying;
  const { detach } = context;
  const run = { step: 'run', message: runMessage(context.admitted.pods) } as const;
  let isBegun = false;
  let hasEnded = false;
  let measured: Promise<void> | null = null;
  const metrics = await ground.metrics.follow(id, { logs: carrying.logs, engine, pods: context });
  try {
    for await (const facts of batches(engine.run({ ...context, build }), context.admitted.pods)) {
      if (hasEnded) {
        await recordLate(ground, carrying, facts);
        continue;
      }
      for (const fact of facts) if (fact.type === 'attempt') await metrics.begin(fact.attempt);
      const isFirst: boolean = !isBegun && facts.some(isAboutPods);
      const first = isFirst ? newStep(ground.store, id, run) : [];
      const addressed = await ground.links.addressed(id, facts);
      hasEnded = facts.at(-1)?.type === 'ended';
      if (hasEnded) await Promise.race([(measured = metrics.end()), sleep(METRICS_MS)]);
      await record(ground, id, { facts: [...first, ...addressed], detach });
      if (hasEnded) carrying.onEnded();
      isBegun ||= isFirst;
    }
  } finally {
    await (measured ?? metrics.end({ isOver: !detach.aborted }));
  }
  if (hasEnded && !detach.aborted) await lateMetrics(ground, carrying);
  crashPoint('run-returned');
  if (context.plan.groups.length === 0) await begin(ground, carrying, run);
}

function runMessage(pods: number): string {
  return pods === 1 ? '1 pod' : `${pods} pods at the same time`;
}

function isAboutPods(fact: ExperimentFact): boolean {
  return fact.type === 'attempt' || fact.type === 'pod';
}

async function begin(ground: Ground, { id, context: { detach } }: Carrying, begun: Begun): Promise<void> {
  if (detach.aborted) return;
  const facts = newStep(ground.store, id, begun);
  if (facts.length > 0) await record(ground, id, { facts, detach });
}

interface Begun {
  step: Step;
  message: string;
}

/** The fact that a step has begun; nothing when it had begun before the server was started again. */
export function newStep(store: ExperimentStore, id: string, { step, message }: Begun): ExperimentFact[] {
  const { record: present } = stateOf(store, id);
  const isReached = STEPS.indexOf(present.step) >= STEPS.indexOf(step);
  return isReached ? [] : [{ type: 'step', step, message }];
}

import type { ExperimentFact } from '../../experiment/event.ts';
import type { Notice } from '../../experiment/record.ts';
import { batches } from './batches.ts';
import type { Carrying } from './context.ts';
import { insistOnWriting } from './recording/record.ts';
import type { Ground } from './ground.ts';

/** What an engine finds out after the end of an experiment, while it reads the last of its logs: notices are added to the record. */
export async function recordLate(
  ground: Ground,
  { id, context: { detach } }: Pick<Carrying, 'id'> & { context: Pick<Carrying['context'], 'detach'> },
  facts: readonly ExperimentFact[],
): Promise<void> {
  const notices = facts.filter((fact) => fact.type === 'notice');
  for (const { code, message } of notices) await remark(ground, id, { notice: { code, message }, detach });
}

/** What was printed last, in metrics. What lies elsewhere was looked at when the pods had ended. */
export async function lateMetrics({ metrics }: Ground, { id, logs }: Carrying): Promise<void> {
  await (await metrics.follow(id, { logs, engine: {} })).end();
}

/** Goes on reading the logs of an experiment that had ended when the server was. */
export async function collect(ground: Ground, carrying: Carrying): Promise<void> {
  const { id, engine, logs, context } = carrying;
  const build = ground.store.build(id);
  if (build === null || engine.collect === undefined) return;
  let isAny = false;
  for await (const facts of batches(engine.collect({ ...context, build }))) {
    isAny = true;
    await recordLate(ground, carrying, facts);
  }
  if (!isAny || context.detach.aborted) return;
  // Of what lies elsewhere that server may not have had its last look.
  const access = engine.objectAccess?.bind(engine);
  const sources = { logs, engine: access === undefined ? {} : { objectAccess: access }, pods: context };
  await (await ground.metrics.follow(id, sources)).end();
}

/** The end is known, and stays. What was printed last may be missing, which is told. */
export async function tellIncomplete(
  ground: Ground,
  id: string,
  { error, detach }: { error: unknown; detach: AbortSignal },
): Promise<void> {
  ground.log.error({ err: error, experiment_id: id }, 'its logs could not be read to their ends');
  const why = 'an error inside aichor ended the reading; aichor server logs has the details';
  await tellMayBeMissing(ground, id, { why, detach });
}

export async function tellMayBeMissing(
  ground: Ground,
  id: string,
  { why, detach }: { why: string; detach: AbortSignal },
): Promise<void> {
  const notice = { code: 'log_incomplete', message: `the ends of logs may be missing: ${why}` };
  await remark(ground, id, { notice, detach });
}

function remark(
  ground: Ground,
  id: string,
  { notice, detach }: { notice: Notice; detach: AbortSignal },
): Promise<unknown> {
  return insistOnWriting(ground, { id, detach, write: () => ground.store.remark(id, notice) });
}

import type { ExperimentFact } from '../../experiment/event.ts';

/** Facts that are stored in one transaction, at most, … */
const LIMIT = 512;
/** … and of very many pods, whose row takes longer to write than so many facts, as many as there are pods, but nobody waits longer than for this. */
const LONGEST = 2048;

/**
 * Facts that come in one go, together, so that 200 pods that start do not cost 200 synchronous writes. An engine acts
 * upon what it says with `attempt`, `failure` and `ended`: those are handed over (and stored) before it is asked for more.
 *
 * @param pods of the experiment
 */
export async function* batches(
  facts: AsyncIterable<ExperimentFact>,
  pods = 0,
): AsyncGenerator<ExperimentFact[], void> {
  const most = Math.min(Math.max(LIMIT, pods), LONGEST);
  const iterator = facts[Symbol.asyncIterator]();
  let asked: Asked = null;
  for (;;) {
    const first: IteratorResult<ExperimentFact> = await (asked ?? iterator.next());
    if (first.done) return;
    const batch: ExperimentFact[] = [first.value];
    asked = (await gather(iterator, { batch, most })).asked;
    yield batch;
  }
}

/** A result that the engine was asked for and that no batch has yet. */
type Asked = Promise<IteratorResult<ExperimentFact>> | null;

/** Fills the batch with what is there already. The promise is wrapped, because it must not be waited for here. */
async function gather(
  iterator: AsyncIterator<ExperimentFact>,
  { batch, most }: { batch: ExperimentFact[]; most: number },
): Promise<{ asked: Asked }> {
  while (batch.length < most && !isActedUpon(batch.at(-1))) {
    const asked = iterator.next();
    const result = await Promise.race([asked, turn()]);
    if (result === null || result.done) return { asked };
    batch.push(result.value);
  }
  return { asked: null };
}

function isActedUpon(fact: ExperimentFact | undefined): boolean {
  return fact?.type === 'attempt' || fact?.type === 'failure' || fact?.type === 'ended';
}

/** One turn of the event loop: what is ready comes before it. */
function turn(): Promise<null> {
  return new Promise((resolve) => setImmediate(resolve, null));
}

import type { PodEnd } from '../../../experiment/failure/explain.ts';
import type { RanRepository } from '../../../experiment/failure/repository-failure.ts';
import type { RunContext } from '../../engine.ts';
import { contextEntries, contextPrefix } from '../build/image/context.ts';

const MOST_SCRIPTS = 50;
const LONGEST_SCRIPT = 256 << 10;

/** What the repository has to say of something that was not found; undefined: nothing was. */
export async function ranRepository(
  { plan, snapshot }: Pick<RunContext, 'plan' | 'snapshot'>,
  { end, tail }: { end: PodEnd; tail: string },
): Promise<RanRepository | undefined> {
  const code = end.how === 'exited' ? end.code : null;
  const isAsked =
    code === 127 || code === 126 || code === 2 || /ModuleNotFoundError|No such file or directory/.test(tail);
  if (!isAsked) return undefined;
  const { context } = plan.builder;
  const paths = contextEntries(snapshot, context)
    .filter(({ kind }) => kind !== 'folder')
    .map(({ path }) => path);
  const scripts = paths
    .filter((path) => /\.(?:sh|bash|py)$|(?:^|\/)[^./]+$/.test(path))
    .slice(0, MOST_SCRIPTS);
  const carriage: string[] = [];
  for (const path of code === 1 ? [] : scripts) {
    const content = await snapshot.read(`${contextPrefix(context)}${path}`);
    if (content !== null && content.length <= LONGEST_SCRIPT && content.includes('\r\n')) carriage.push(path);
  }
  return { paths, carriage_returns: carriage, command: plan.command };
}

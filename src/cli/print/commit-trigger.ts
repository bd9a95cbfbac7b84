import type { CommitTrigger } from '../../repository/commit-trigger.ts';
import type { Screen } from '../runtime/screen.ts';
import { printable } from './text.ts';

/** What a commit's message would do, for people. */
export function commitTriggerView(
  { triggers, manifest, why, hint }: CommitTrigger,
  { colors }: Screen,
): string {
  const head = triggers
    ? `${colors.green('starts an experiment')} of ${colors.bold(printable(manifest ?? ''))}`
    : colors.yellow('starts nothing');
  const lines = [`${head}: ${printable(why)}`];
  if (hint !== null) lines.push(`${colors.cyan('hint')}: ${printable(hint)}`);
  return lines.join('\n');
}

import type { UsageSeen } from '../../experiments/following/top.ts';
import type { Screen } from '../../runtime/screen.ts';
import { printable } from '../text.ts';
import { SHORT_ID } from './list.ts';
import { podsTable } from './pods.ts';
import { statusText } from './status.ts';

/** Pods of several experiments with what they take, those of one below its name. */
export function topView(
  looked: readonly UsageSeen[],
  { screen, now }: { screen: Screen; now: Date },
): string {
  if (looked.length === 0) return 'no experiment runs';
  return looked
    .map(({ record, sample }) => {
      const { experiment_id: id, status, message, pods } = record;
      const { colors } = screen;
      const head = `${colors.bold(id.slice(0, SHORT_ID))}  ${statusText(status, colors)}  ${printable(message)}`;
      return `${head.trimEnd()}\n${podsTable(pods, sample.pods, { screen, now })}`;
    })
    .join('\n\n');
}

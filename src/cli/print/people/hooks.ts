import type { Delivery, HookAnswer } from '../../../api/team/hook-contract.ts';
import type { Screen } from '../../runtime/screen.ts';
import { printable } from '../text.ts';
import { timeText } from '../time.ts';

/** One push in a line: when, which, what was decided, why. */
export function deliveryLine(
  { id, time, ref, commit, decision, why, experiment_id }: Delivery,
  screen: Screen,
): string {
  const { colors } = screen;
  const said = decision === 'made' ? colors.green : decision === 'ignored' ? colors.dim : colors.yellow;
  const place = [ref?.replace(/^refs\/(?:heads|tags)\//, ''), commit?.slice(0, 12)].filter(Boolean).join(' ');
  return [
    colors.dim(timeText(time, screen)),
    colors.dim(id),
    said(decision),
    printable(place),
    experiment_id?.slice(0, 8) ?? '',
    printable(why),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** What to paste, and where. */
export function hookPage(
  { url, secret, user, content_type, events, notes }: HookAnswer,
  { colors }: Screen,
): string {
  const rows: [string, string | null][] = [
    ['URL', url],
    ['user', user],
    ['secret', secret],
    ['content type', content_type],
    ['events', events],
    ...notes.map((note): [string, string] => ['where', note]),
  ];
  return rows
    .flatMap(([name, value]) =>
      value === null ? [] : [`${colors.dim(name.padEnd(12))} ${printable(value)}`],
    )
    .join('\n');
}

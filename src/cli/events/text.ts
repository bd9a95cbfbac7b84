import type { ChangeLine } from '../../api/told/event-contract.ts';
import { statusText } from '../print/experiments/status.ts';
import { printable } from '../print/text.ts';
import { timeText } from '../print/time.ts';
import type { Screen } from '../runtime/screen.ts';

/** A change as a line for people: when, which experiment, how it stands, what happened. */
export function changeText(change: ChangeLine, { colors, utc }: Screen): string {
  const { time, experiment_id: id, status, previous_status: before, message } = change;
  const stands = statusText(status, colors);
  const moved = before === null || before === status ? stands : `${before} → ${stands}`;
  return `${colors.dim(timeText(time, { utc }))}  ${id.slice(0, 8)}  ${moved}  ${printable(message)}`;
}

import type { PodStatus, Status } from '../../../experiment/status.ts';
import type { Colors } from '../../runtime/screen.ts';

/** A status in its colour: live ones blue and cyan, good green, bad red, stopped yellow. */
export function statusText(status: Status | PodStatus, colors: Colors): string {
  return colors[COLOR_OF[status]](status);
}

const COLOR_OF = {
  Waiting: 'dim',
  Pending: 'dim',
  Cloning: 'cyan',
  Building: 'cyan',
  Submitting: 'cyan',
  Running: 'blue',
  Succeeded: 'green',
  Failed: 'red',
  Cancelled: 'yellow',
  Stopped: 'yellow',
} as const satisfies Record<Status | PodStatus, keyof Colors>;

import { namedStrays, straysOf } from '../pod/containers.ts';
import type { Sight } from '../status/model.ts';
import type { PodWait } from './pending.ts';

/** Why a pod whose command has ended does not end: of what somebody added to it. Null: it ends, or has. */
export function whyHeld({ latest, end, byItself, endedAt }: Sight, now: Date): PodWait | null {
  const strays = latest === null ? [] : straysOf(latest.source, now);
  if (strays.length === 0 || !byItself || end?.end.how !== 'exited') return null;
  const isOne = strays.length === 1;
  const going = strays.some(({ state }) => state?.running !== undefined);
  const so = going ? `still ${isOne ? 'runs' : 'run'}` : `${isOne ? 'is' : 'are'} still to start`;
  const text = `its command has ended with ${end.end.code}; ${namedStrays(strays)} ${so}`;
  return { text, weight: 70, reason: null, patience: 'endless', since: endedAt };
}

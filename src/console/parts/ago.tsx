import { now } from '../base/clock.ts';
import { ago, localTime } from '../base/text.ts';

/** How long ago something was, ageing with the clock; the time itself is told when it is pointed at (`tellTimes`). */
export function Ago({ time }: { time: string }) {
  return <time dateTime={time}>{ago(time, now.value)}</time>;
}

/**
 * Writes a time in the zone and the language of whoever points at it, and not before: the first one that a browser writes so takes
 * longer than a whole list takes to be drawn.
 */
export function tellTimes(): void {
  document.addEventListener('pointerover', ({ target }) => {
    const element = target instanceof Element ? target.closest<HTMLTimeElement>('time[datetime]') : null;
    if (element !== null) element.title = localTime(element.dateTime);
  });
}

/** `0.4s`, `12s`, `3m 12s`, `2h 5m`, `4d 3h`: two units at most. Null: `-`. */
export function durationText(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 10) return `${Math.floor(seconds * 10) / 10}s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return twoUnits(whole, 60, 'm', 's');
  if (whole < 86_400) return twoUnits(Math.floor(whole / 60), 60, 'h', 'm');
  return twoUnits(Math.floor(whole / 3600), 24, 'd', 'h');
}

function twoUnits(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)}${large}${rest === 0 ? '' : ` ${rest}${small}`}`;
}

/** How long ago an ISO time was, in one unit: `now`, `42s`, `5m`, `3h`, `12d`. */
export function agoText(time: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(time)) / 1000);
  if (seconds < 1) return 'now';
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** A point in time for a person: `2026-11-28 17:31:05`, in the zone of this machine or in UTC (then with a `Z`). */
export function timeText(iso: string, { utc = false }: { utc?: boolean | undefined } = {}): string {
  const time = new Date(iso);
  if (utc) return `${time.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const two = (part: number) => String(part).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${[time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':')}`;
}

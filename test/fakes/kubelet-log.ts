import { formatStamp, type Stamp } from '../../src/engines/kubernetes/logs/stamp.ts';

/** What a container runtime writes to a container's log file as one line of it. */
export interface Fragment {
  stamp: Stamp;
  bytes: Buffer;
  /** It ends the program's line; else the next one goes on with it. */
  full: boolean;
}

/**
 * What a kubelet answers with `timestamps=true` for a log file of these fragments: it leaves out each that is older
 * than `since` (whole seconds), one by one, and puts a stamp where, in the file, a line begins.
 */
export function kubeletAnswer(fragments: readonly Fragment[], since: number | null): Buffer {
  const parts: Buffer[] = [];
  let isNewLine = true;
  for (const { stamp, bytes, full } of fragments) {
    if (since === null || stamp.seconds >= since) {
      if (isNewLine) parts.push(Buffer.from(`${withNanos(stamp)} `));
      parts.push(bytes);
      if (full) parts.push(Buffer.from('\n'));
    }
    isNewLine = full;
  }
  return Buffer.concat(parts);
}

/** What a program printed. */
export function printed(fragments: readonly Fragment[]): Buffer {
  return Buffer.concat(fragments.flatMap(({ bytes, full }) => (full ? [bytes, Buffer.from('\n')] : [bytes])));
}

/** The second of a `sinceTime`; null: there is none. */
export function sinceOf(sinceTime: string | undefined): number | null {
  if (sinceTime === undefined) return null;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(sinceTime)) throw new RangeError(`sinceTime is ${sinceTime}`);
  return Date.parse(sinceTime) / 1000;
}

/** Always with nine digits. */
function withNanos(stamp: Stamp): string {
  const text = formatStamp({ ...stamp, nanos: 0 }).slice(0, -1);
  return `${text}.${String(stamp.nanos).padStart(9, '0')}Z`;
}

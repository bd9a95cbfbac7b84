import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { createEventReader, type EventSink } from '../src/metrics/event-file/read-events.ts';
import { addPoint, createSeries, type Series } from '../src/metrics/series.ts';

/**
 * Reads an event file as the control plane does and prints the processor time; `thinned`: into series; `digest`: prints a digest of
 * every step and value instead, as `event-file-peer.py` makes it.
 */
const TAGS = 10;
const FIRST_CHUNK = 16 * 1024;
const [file = '', what] = process.argv.slice(2);
if (what === 'digest') process.stdout.write(digest());
else process.stdout.write(String(timed()));

/** Milliseconds of processor time until each value was handed out, and with `thinned` was put into its series. */
function timed(): number {
  const before = process.cpuUsage();
  const series: Series[] = [];
  const sums = new Float64Array(TAGS);
  readAll({
    scalar(tag, scalar) {
      if (what !== 'thinned') {
        sums[tag.index] = (sums[tag.index] ?? 0) + scalar.value;
        return;
      }
      const known = series[tag.index];
      if (known !== undefined) addPoint(known, scalar, 1);
      else addPoint((series[tag.index] = createSeries(tag.single)), scalar, 1);
    },
    restarted: () => undefined,
  });
  const { user, system } = process.cpuUsage(before);
  if (what === 'thinned' ? series.length !== TAGS : sums.some((sum) => sum === 0))
    throw new Error('values are missing');
  return (user + system) / 1000;
}

function digest(): string {
  const values = new Map<string, number[]>();
  readAll({
    scalar(tag, { step, value }) {
      const known = values.get(tag.name) ?? [];
      known.push(step, value);
      values.set(tag.name, known);
    },
    restarted: () => undefined,
  });
  const hash = createHash('sha256');
  for (const name of [...values.keys()].sort()) {
    const numbers = values.get(name) ?? [];
    hash.update(`${name} ${numbers.length / 2}\n`).update(Buffer.from(new Float64Array(numbers).buffer));
  }
  return hash.digest('hex');
}

function readAll(sink: EventSink): void {
  const reader = createEventReader(sink);
  const room = Buffer.allocUnsafe(1 << 20);
  const descriptor = openSync(file, 'r');
  let at = 0;
  // As the control plane does: most files are short.
  let size = FIRST_CHUNK;
  for (;;) {
    const bytes = readSync(descriptor, room, 0, size, at);
    const { consumed, damage } = reader.read(room.subarray(0, bytes));
    if (damage !== null) throw new Error(damage);
    if (consumed === 0) break;
    at += consumed;
    size = Math.min(size * 2, room.length);
  }
  closeSync(descriptor);
}

import { AichorError } from '../../../errors.ts';
import { createLineBuffer } from '../../../base/io/lines.ts';
import { parseWireLine, type WireChange } from '../../listing/lines.ts';

/** A listing as it comes over the wire: whole, or what differs from one that is known. */
export interface WireListing {
  /** Digest of the complete snapshot that it is the difference to; null: it is whole. */
  base: string | null;
  /** Entries in order, as many at a time as have come. A removal only where there is a base. */
  changes: AsyncIterable<WireChange[]>;
}

/** Most bytes of a listing: some hundred thousand files. */
const MOST_BYTES = 128 * 1024 * 1024;
/** A path and a link's target of 4096 characters each, written as escapes. */
const LONGEST_LINE = 64 * 1024;

/** One that is there at once. */
export function wholeListing(entries: WireChange[]): WireListing {
  return { base: null, changes: onceOf(entries) };
}

async function* onceOf(changes: WireChange[]): AsyncGenerator<WireChange[]> {
  yield await Promise.resolve(changes);
}

/**
 * Reads lines of JSON: first `{"base":null}` or `{"base":"sha256:…"}`, then an entry each. Throws AichorError `usage`
 * for anything else, `too_large` for too much of it.
 */
export async function readWireListing(body: AsyncIterable<Uint8Array>): Promise<WireListing> {
  const batches = lineBatches(body);
  const first = await batches.next();
  const lines = first.done ? [] : first.value;
  const base = baseOf(lines.shift());
  return { base, changes: changesOf(lines, batches, base !== null) };
}

async function* changesOf(
  first: string[],
  batches: AsyncGenerator<string[]>,
  hasBase: boolean,
): AsyncGenerator<WireChange[]> {
  for (let lines: string[] | null = first; lines !== null;) {
    yield lines.map((line) => changeOf(line, hasBase));
    const next: IteratorResult<string[], unknown> = await batches.next();
    lines = next.done ? null : next.value;
  }
}

function changeOf(line: string, hasBase: boolean): WireChange {
  const change = parseWireLine(line);
  if (change !== null && (hasBase || change.entry !== null)) return change;
  throw unfit(`${JSON.stringify(line.slice(0, 200))} is no entry of a listing`);
}

function baseOf(line: string | undefined): string | null {
  const value = parsed(line ?? '');
  if (typeof value === 'object' && value !== null && 'base' in value) {
    const { base } = value;
    if (base === null || (typeof base === 'string' && /^sha256:[0-9a-f]{64}$/.test(base))) return base;
  }
  throw unfit('its first line does not say what it is based on');
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

async function* lineBatches(body: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const buffer = createLineBuffer();
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw tooLarge();
    const whole = buffer.push(chunk);
    if (buffer.pending > LONGEST_LINE) throw unfit('a line of it is longer than any entry can be');
    if (whole.length > 0) yield whole.toString('utf8', 0, whole.length - 1).split('\n');
  }
  if (buffer.pending > 0) throw unfit('it ends within a line');
}

function unfit(why: string): AichorError {
  return new AichorError('usage', `the listing was refused: ${why}`, {
    hint: 'send the directory again: repeat the command',
  });
}

function tooLarge(): AichorError {
  return new AichorError('too_large', `the listing is larger than ${MOST_BYTES / 1024 / 1024} MB`, {
    hint: 'submit a smaller directory: leave data out with .aichorignore',
  });
}

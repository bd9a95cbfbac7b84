import { crc32c } from '../../base/text/crc32c.ts';
import { BYTES, FieldReader, FIXED32, FIXED64, MalformedMessage, VARINT } from './message.ts';
import { walkRecords, type RecordWalk } from './records.ts';
import { scalarOfTensor, type TensorScalar } from './tensor.ts';
import type { Scalar } from '../series.ts';

/** What the events of one run are told to. Times are seconds, as the writer gave them. */
export interface EventSink {
  /** `scalar` is used again for the next one. */
  scalar(tag: Tag, scalar: Readonly<Scalar>): void;
  /** The writer has begun again at this step: what was there from it on counts no more. */
  restarted(step: number): void;
}

/** A name of scalars in one run. */
export interface Tag {
  readonly name: string;
  /** The how-manieth name of the run it is, from 0; all beyond a limit have the same. */
  readonly index: number;
  /** Whether all values so far were of 32 bits. */
  single: boolean;
  /** Who it is for (`scalars`, `images`, …), where that was said; often only the first event says it. */
  plugin: string | null;
  readonly bytes: DataView;
  /** The tag that came after it last: names come round in the same order. */
  next: Tag | null;
  /** What stood behind its name last, where that was a tensor: the next one will differ in the number only. */
  tail: Tail | null;
}

/** The rest of a record behind a name, with a number in it. */
interface Tail {
  bytes: DataView;
  /** Place of the number in it. */
  at: number;
  as: 'float' | 'double';
  single: boolean;
}

/** Reads the files of one run. */
export interface EventReader {
  /** Takes the events of these bytes, which begin at the beginning of a record. */
  read(bytes: Uint8Array): RecordWalk;
  /** Names that scalars or anything else was written under. */
  readonly tags: ReadonlyMap<string, Tag>;
}

/** Fields of an event, a summary, a value. */
const EVENT = { time: 1, step: 2, summary: 5, session: 7 } as const;
const SUMMARY_VALUE = 1;
const VALUE = { tag: 1, simple: 2, tensor: 8, metadata: 9 } as const;
const SESSION_START = 1;

/** Bytes of a field with its key. */
const TIME_FIELD = 9;
const FLOAT_FIELD = 5;

/** Names are kept up to here; longer ones are told apart by a checksum. */
const LONGEST_TAG = 500;
/** Names beyond that are forgotten at once. */
const MOST_TAGS = 10_000;

/** Reads event files of TensorBoard (`tfevents`): scalars in each of their forms; all else is passed over. */
export function createEventReader(sink: EventSink): EventReader {
  const reader = new FieldReader();
  const reading: Reading = {
    reader,
    tags: createTags(),
    sink,
    scalar: { step: 0, time: 0.5, value: 0.5 },
    nameEnd: -1,
  };
  const take = (start: number, end: number) => {
    try {
      if (!takeUsual(reading, start, end)) takeEvent(reading, start, end);
    } catch (error) {
      // Its checksum is right: something that is no event was written, and the next record may be one.
      if (!(error instanceof MalformedMessage) && !(error instanceof RangeError)) throw error;
    }
  };
  return {
    tags: reading.tags.known,
    read(bytes) {
      reader.open(bytes);
      return walkRecords(bytes, take);
    },
  };
}

interface Tags {
  known: ReadonlyMap<string, Tag>;
  /** The tag whose name lies there. */
  at(reader: FieldReader, start: number, end: number): Tag;
  /** The tag that comes next in all likelihood; null: there was none after the last one yet. */
  expected(): Tag | null;
}

function createTags(): Tags {
  const known = new Map<string, Tag>();
  let last: Tag = newTag('', -1, new DataView(new ArrayBuffer(0)));

  function lookUp(bytes: Uint8Array): Tag {
    const name = tagName(bytes);
    const tag = known.get(name) ?? newTag(name, known.size, new DataView(Uint8Array.from(bytes).buffer));
    if (known.size < MOST_TAGS) known.set(name, tag);
    return tag;
  }

  return {
    known,
    expected: () => last.next,
    at({ bytes, view }, start, end) {
      const guess = last.next;
      const tag =
        guess !== null && sameBytes(view, start, end, guess.bytes)
          ? guess
          : lookUp(bytes.subarray(start, end));
      last.next = tag;
      last = tag;
      return tag;
    },
  };
}

function newTag(name: string, index: number, bytes: DataView): Tag {
  return { name, index, single: true, plugin: null, bytes, next: null, tail: null };
}

interface Reading {
  /** The event's step and time, and the value that is told. */
  scalar: Scalar;
  reader: FieldReader;
  tags: Tags;
  sink: EventSink;
  /** Where the name ends in a record that is as most are up to there; -1: it is not. */
  nameEnd: number;
}

/**
 * An event as most are written: time, step, and a summary with one value of a name and a float, or a name and what stood behind it
 * last with another number; fields in this order, lengths of a byte. False: it is of another form, and nothing was taken. This
 * alone makes reading twice as fast.
 */
function takeUsual(reading: Reading, start: number, end: number): boolean {
  const { reader, tags, sink, scalar } = reading;
  const { bytes, view } = reader;
  reading.nameEnd = -1;
  let at = start + TIME_FIELD;
  if (bytes[start] !== 0x09 || at + 8 > end) return false;
  let step = 0;
  if (bytes[at] === 0x10) {
    at++;
    let byte = 128;
    for (let shift = 0; byte > 127 && shift < 28; shift += 7) {
      byte = bytes[at++] as number;
      step |= (byte & 127) << shift;
    }
    if (byte > 127) return false;
  }
  // A summary that is the rest, a value that is its rest, a name.
  const isSummary = bytes[at] === 0x2a && bytes[at + 1] === end - at - 2 && bytes[at + 2] === 0x0a;
  if (!isSummary || bytes[at + 3] !== end - at - 4 || bytes[at + 4] !== 0x0a) return false;
  const name = at + 6;
  const nameEnd = name + (bytes[at + 5] as number);
  if (nameEnd > end || nameEnd - name > 100) return false;
  reading.nameEnd = nameEnd;
  scalar.step = step;
  scalar.time = view.getFloat64(start + 1, true);
  if (nameEnd === end - FLOAT_FIELD && bytes[nameEnd] === 0x15) {
    scalar.value = view.getFloat32(nameEnd + 1, true);
    sink.scalar(tags.at(reader, name, nameEnd), scalar);
    return true;
  }
  const tag = tags.expected();
  if (tag === null || tag.tail === null || !sameBytes(view, name, nameEnd, tag.bytes)) return false;
  if (!isTail(view, nameEnd, end, tag.tail) || (tag.plugin !== null && tag.plugin !== 'scalars'))
    return false;
  const { as, single, at: inTail } = tag.tail;
  tag.single &&= single;
  scalar.value =
    as === 'float' ? view.getFloat32(nameEnd + inTail, true) : view.getFloat64(nameEnd + inTail, true);
  sink.scalar(tags.at(reader, name, nameEnd), scalar);
  return true;
}

/** Whether a record goes on from there as another one did, its number aside. */
function isTail(view: DataView, start: number, end: number, { bytes, at, as }: Tail): boolean {
  if (end - start !== bytes.byteLength) return false;
  const behind = at + (as === 'float' ? 4 : 8);
  for (let index = 0; index < at; index++)
    if (view.getUint8(start + index) !== bytes.getUint8(index)) return false;
  for (let index = behind; index < bytes.byteLength; index++)
    if (view.getUint8(start + index) !== bytes.getUint8(index)) return false;
  return true;
}

function takeEvent(reading: Reading, start: number, end: number): void {
  const { reader, sink, scalar } = reading;
  scalar.time = 0;
  scalar.step = 0;
  let summary = -1;
  let summaryEnd = -1;
  let isRestart = false;
  reader.at = start;
  while (reader.next(end)) {
    const { field, kind } = reader;
    if (field === EVENT.time && kind === FIXED64) scalar.time = reader.double();
    else if (field === EVENT.step && kind === VARINT) scalar.step = reader.int64();
    else if (field === EVENT.summary && kind === BYTES) {
      summaryEnd = reader.length(end);
      summary = reader.at;
      reader.at = summaryEnd;
    } else if (field === EVENT.session && kind === BYTES) isRestart = isStart(reader, reader.length(end));
    else reader.skip(end);
  }
  if (isRestart) sink.restarted(scalar.step);
  if (summary === -1) return;
  reader.at = summary;
  while (reader.next(summaryEnd)) {
    if (reader.field === SUMMARY_VALUE && reader.kind === BYTES)
      takeValue(reading, reader.length(summaryEnd));
    else reader.skip(summaryEnd);
  }
}

function isStart(reader: FieldReader, end: number): boolean {
  let status = 0;
  while (reader.next(end)) {
    if (reader.field === 1 && reader.kind === VARINT) status = reader.varint();
    else reader.skip(end);
  }
  return status === SESSION_START;
}

function takeValue(reading: Reading, end: number): void {
  const { reader, tags, sink, scalar } = reading;
  let tag: Tag | null = null;
  let simple = 0;
  let isSimple = false;
  let tensor = -1;
  let tensorEnd = -1;
  while (reader.next(end)) {
    const { field, kind } = reader;
    if (field === VALUE.simple && kind === FIXED32) {
      simple = reader.float();
      isSimple = true;
    } else if (field === VALUE.tag && kind === BYTES) {
      const tagEnd = reader.length(end);
      tag = tags.at(reader, reader.at, tagEnd);
      reader.at = tagEnd;
    } else if (field === VALUE.tensor && kind === BYTES) {
      tensorEnd = reader.length(end);
      tensor = reader.at;
      reader.at = tensorEnd;
    } else if (field === VALUE.metadata && kind === BYTES) takeMetadata(reader, tag, reader.length(end));
    else reader.skip(end);
  }
  if (tag === null) return;
  if (isSimple) {
    scalar.value = simple;
    sink.scalar(tag, scalar);
  } else if (tensor !== -1 && (tag.plugin === null || tag.plugin === 'scalars')) {
    reader.at = tensor;
    const found = scalarOfTensor(reader, tensorEnd);
    reader.at = end;
    if (found === null) return;
    tag.single &&= found.single;
    if (found.lies !== null && reading.nameEnd !== -1) tag.tail = tailOf(reading, end, found);
    scalar.value = found.value;
    sink.scalar(tag, scalar);
  }
}

function tailOf({ reader, nameEnd }: Reading, end: number, { single, lies }: TensorScalar): Tail | null {
  if (lies === null || lies.at < nameEnd) return null;
  const bytes = new DataView(Uint8Array.from(reader.bytes.subarray(nameEnd, end)).buffer);
  return { bytes, at: lies.at - nameEnd, as: lies.as, single };
}

/** Who a value is for: the name in the first field of the first field. */
function takeMetadata(reader: FieldReader, tag: Tag | null, end: number): void {
  if (tag === null || tag.plugin !== null) {
    reader.at = end;
    return;
  }
  while (reader.next(end)) {
    if (reader.field !== 1 || reader.kind !== BYTES) {
      reader.skip(end);
      continue;
    }
    const inner = reader.length(end);
    while (reader.next(inner)) {
      const nameEnd = reader.field === 1 && reader.kind === BYTES ? reader.length(inner) : null;
      if (nameEnd === null) reader.skip(inner);
      else {
        tag.plugin = tagName(reader.bytes.subarray(reader.at, nameEnd));
        reader.at = nameEnd;
      }
    }
  }
}

const decoder = new TextDecoder();

function tagName(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return text.length > LONGEST_TAG
    ? `${text.slice(0, LONGEST_TAG)}…${crc32c(bytes, 0, bytes.length).toString(16)}`
    : text;
}

function sameBytes(view: DataView, start: number, end: number, other: DataView): boolean {
  const length = end - start;
  if (length !== other.byteLength) return false;
  let at = 0;
  for (; at + 4 <= length; at += 4) if (view.getInt32(start + at) !== other.getInt32(at)) return false;
  for (; at < length; at++) if (view.getUint8(start + at) !== other.getUint8(at)) return false;
  return true;
}

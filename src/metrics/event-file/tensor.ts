import { BYTES, type FieldReader } from './message.ts';

/** Types of numbers that scalars are written as, with their bytes in `tensor_content`. */
const DTYPES: Readonly<Record<number, { size: number; read(view: DataView, at: number): number }>> = {
  1: { size: 4, read: (view, at) => view.getFloat32(at, true) },
  2: { size: 8, read: (view, at) => view.getFloat64(at, true) },
  3: { size: 4, read: (view, at) => view.getInt32(at, true) },
  4: { size: 1, read: (view, at) => view.getUint8(at) },
  5: { size: 2, read: (view, at) => view.getInt16(at, true) },
  6: { size: 1, read: (view, at) => view.getInt8(at) },
  9: { size: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  10: { size: 1, read: (view, at) => view.getUint8(at) },
  14: { size: 2, read: (view, at) => brainFloat(view.getUint16(at, true)) },
  17: { size: 2, read: (view, at) => view.getUint16(at, true) },
  19: { size: 2, read: (view, at) => halfFloat(view.getUint16(at, true)) },
  22: { size: 4, read: (view, at) => view.getUint32(at, true) },
  23: { size: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
};

/** Fields of a tensor. */
const DTYPE = 1;
const SHAPE = 2;
const CONTENT = 4;
const FLOATS = 5;
const DOUBLES = 6;
const HALVES = 13;
/** Lists of whole numbers: of 32 bits, of 64, truths, unsigned ones of 32 and of 64. */
const WHOLE = new Set([7, 10, 11, 16, 17]);

const FLOAT = 1;
const DOUBLE = 2;
const HALF = 19;
const BRAIN = 14;

/** What a scalar's tensor holds. */
export interface TensorScalar {
  value: number;
  /** Of 32 bits or fewer: its digits are few. */
  single: boolean;
  /** Where its bytes lie, which are those of a `float` or a `double`; null: it is written in another way. */
  lies: { at: number; as: 'float' | 'double' } | null;
}

/**
 * The only number of a tensor, which lies from `reader.at` to `end`; null for texts, for several numbers, for none.
 * Throws MalformedMessage.
 */
export function scalarOfTensor(reader: FieldReader, end: number): TensorScalar | null {
  let dtype = 0;
  let value: number | null = null;
  let count = 0;
  let elements = 1;
  let content = -1;
  let contentEnd = -1;
  let lies: TensorScalar['lies'] = null;
  while (reader.next(end)) {
    const { field, kind } = reader;
    if (field === DTYPE && kind === 0) dtype = reader.varint();
    else if (field === SHAPE && kind === BYTES) elements = elementsOf(reader, reader.length(end));
    else if (field === CONTENT && kind === BYTES) {
      contentEnd = reader.length(end);
      content = reader.at;
      reader.at = contentEnd;
    } else if (field === FLOATS || field === DOUBLES || field === HALVES || WHOLE.has(field)) {
      const last = kind === BYTES ? reader.length(end) : null;
      for (let more = last === null || reader.at < last; more; more = last !== null && reader.at < last) {
        value = numberOf(reader, field, dtype);
        if (field === FLOATS) lies = { at: reader.at - 4, as: 'float' };
        if (field === DOUBLES) lies = { at: reader.at - 8, as: 'double' };
        if (++count > 1) return null;
      }
    } else reader.skip(end);
  }
  const type = DTYPES[dtype];
  if (type === undefined || elements !== 1) return null;
  if (value === null && content >= 0 && contentEnd - content === type.size) {
    value = type.read(reader.view, content);
    if (dtype === FLOAT) lies = { at: content, as: 'float' };
    if (dtype === DOUBLE) lies = { at: content, as: 'double' };
  }
  return value === null ? null : { value, single: dtype === FLOAT || type.size === 2, lies };
}

function numberOf(reader: FieldReader, field: number, dtype: number): number {
  if (field === FLOATS) return reader.float();
  if (field === DOUBLES) return reader.double();
  if (field !== HALVES) return reader.int64();
  const bits = reader.varint();
  return dtype === HALF ? halfFloat(bits) : dtype === BRAIN ? brainFloat(bits) : Number.NaN;
}

/** How many numbers a shape has room for: the product of its dimensions. */
function elementsOf(reader: FieldReader, end: number): number {
  let elements = 1;
  while (reader.next(end)) {
    if (reader.field === 2 && reader.kind === BYTES) elements *= sizeOf(reader, reader.length(end));
    else reader.skip(end);
  }
  return elements;
}

/** A dimension's size. */
function sizeOf(reader: FieldReader, end: number): number {
  let size = 0;
  while (reader.next(end)) {
    const { field, kind } = reader;
    if (field === 1 && kind === 0) size = reader.int64();
    else reader.skip(end);
  }
  return size;
}

function brainFloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(2, bits, true);
  return view.getFloat32(0, true);
}

function halfFloat(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

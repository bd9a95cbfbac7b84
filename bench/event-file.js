import { closeSync, openSync, writeSync } from 'node:fs';

/** A value as tensorboardX writes it. */
export const simpleValue = (value) => float(0x15, value);

/** As TensorFlow does: whose it is, and a tensor of one float with its bytes as they are. */
export function tensorValue(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  const tensor = Buffer.concat([varint(0x08, 1), nested(0x12, Buffer.alloc(0)), nested(0x22, bytes)]);
  const metadata = nested(0x0a, text(0x0a, 'scalars'));
  return Buffer.concat([nested(0x4a, metadata), nested(0x42, tensor)]);
}

/**
 * Writes an event file, a scalar a record: 54 bytes with a tag of ten letters and `simpleValue`.
 *
 * @returns {number} its bytes
 */
export function writeEventFile(file, { scalars, tags, form = simpleValue }) {
  const descriptor = openSync(file, 'w');
  let written = 0;
  let chunk = [record(Buffer.concat([double(0x09, 1.7e9), text(0x1a, 'brain.Event:2')]))];
  for (let index = 0; index < scalars; index++) {
    const value = Buffer.concat([
      text(0x0a, `losses/n${index % tags}`),
      form(Math.sin(index / 1000) + 1 / (index + 1)),
    ]);
    const event = [
      double(0x09, 1.7e9 + index / 100),
      varint(0x10, Math.floor(index / tags)),
      nested(0x2a, nested(0x0a, value)),
    ];
    chunk.push(record(Buffer.concat(event)));
    if (chunk.length < 20_000 && index < scalars - 1) continue;
    written += writeSync(descriptor, Buffer.concat(chunk));
    chunk = [];
  }
  closeSync(descriptor);
  return written;
}

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function masked(bytes) {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  crc = ~crc;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** The frame of a record around its data. */
export function record(data) {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(masked(framed.subarray(0, 8)), 8);
  data.copy(framed, 12);
  framed.writeUInt32LE(masked(data), data.length + 12);
  return framed;
}

function double(key, value) {
  const bytes = Buffer.alloc(9);
  bytes[0] = key;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function float(key, value) {
  const bytes = Buffer.alloc(5);
  bytes[0] = key;
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function varint(key, value) {
  const bytes = [key];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function nested(key, bytes) {
  return Buffer.concat([varint(key, bytes.length), bytes]);
}

function text(key, value) {
  return nested(key, Buffer.from(value));
}

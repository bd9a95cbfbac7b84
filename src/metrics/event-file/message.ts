/** Fields of protocol buffer messages, one after another, where they lie: no copy, no object a field. */

/** A message that does not end where it should, or has a field of a kind that there is not. */
export class MalformedMessage extends Error {}

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/** A place in a buffer that is moved from field to field. */
export class FieldReader {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;
  /** Of the field that was entered last: its number and the kind of its value. */
  field = 0;
  kind = 0;

  /** What is read from now on. */
  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Enters the next field before `end`; false: there is none. */
  next(end: number): boolean {
    if (this.at >= end) {
      if (this.at > end) throw new MalformedMessage();
      return false;
    }
    const first = this.view.getUint8(this.at);
    let key = first;
    if (first < 128) this.at++;
    else key = this.varint();
    this.field = key >>> 3;
    this.kind = key & 7;
    return true;
  }

  /** A value of up to 64 bits as a number; beyond 2^53 the nearest one. Unsigned. */
  varint(): number {
    const { view } = this;
    let byte = view.getUint8(this.at++);
    if (byte < 128) return byte;
    let value = byte & 127;
    let scale = 128;
    for (let count = 1; count < 10; count++) {
      byte = view.getUint8(this.at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new MalformedMessage();
  }

  /** The same, where negative numbers are meant to be (two's complement of 64 bits). */
  int64(): number {
    const start = this.at;
    const value = this.varint();
    // Ten bytes: the uppermost bit is set. Its low bits have been rounded away: once more, without.
    return this.at - start === 10 ? -this.complement(start) : value;
  }

  private complement(start: number): number {
    let value = 1;
    let scale = 1;
    for (let index = 0; index < 9; index++) {
      value += (~this.view.getUint8(start + index) & 127) * scale;
      scale *= 128;
    }
    return value;
  }

  double(): number {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }

  float(): number {
    this.at += 4;
    return this.view.getFloat32(this.at - 4, true);
  }

  /** Enters a text, some bytes or a message: where it ends. */
  length(end: number): number {
    const size = this.varint();
    const inner = this.at + size;
    if (inner > end) throw new MalformedMessage();
    return inner;
  }

  /** Passes over the value of the present field. */
  skip(end: number): void {
    if (this.kind === VARINT) this.varint();
    else if (this.kind === FIXED64) this.at += 8;
    else if (this.kind === BYTES) this.at = this.length(end);
    else if (this.kind === FIXED32) this.at += 4;
    else throw new MalformedMessage();
  }
}

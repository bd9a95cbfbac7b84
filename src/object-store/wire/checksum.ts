import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { crc32c } from '../../base/text/crc32c.ts';

/** The checksums that S3 knows, by the end of their headers' names (`x-amz-checksum-crc32`). */
export const CHECKSUMS = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const;

export type ChecksumName = (typeof CHECKSUMS)[number];

export const CHECKSUM_HEADERS = {
  crc32: 'x-amz-checksum-crc32',
  crc32c: 'x-amz-checksum-crc32c',
  crc64nvme: 'x-amz-checksum-crc64nvme',
  sha1: 'x-amz-checksum-sha1',
  sha256: 'x-amz-checksum-sha256',
} as const satisfies Record<ChecksumName, string>;

export interface Checksum {
  update(bytes: Uint8Array): void;
  /** In base64, as it stands in headers. */
  value(): string;
}

export function createChecksum(name: ChecksumName): Checksum {
  switch (name) {
    case 'crc32':
      return ofNumber((bytes, crc) => crc32(bytes, crc));
    case 'crc32c':
      return ofNumber((bytes, crc) => crc32c(bytes, 0, bytes.length, crc));
    case 'crc64nvme':
      return createCrc64();
    case 'sha1':
    case 'sha256': {
      const hash = createHash(name);
      return { update: (bytes) => void hash.update(bytes), value: () => hash.digest('base64') };
    }
  }
}

/** Checksum of the parts' checksums, as multipart uploads have it: without the `-N` behind it. */
export function checksumOfParts(name: ChecksumName, parts: readonly string[]): string {
  const checksum = createChecksum(name);
  for (const part of parts) checksum.update(Buffer.from(part, 'base64'));
  return checksum.value();
}

function ofNumber(next: (bytes: Uint8Array, crc: number) => number): Checksum {
  let crc = 0;
  return {
    update: (bytes) => void (crc = next(bytes, crc)),
    value: () => {
      const four = Buffer.alloc(4);
      four.writeUInt32BE(crc >>> 0);
      return four.toString('base64');
    },
  };
}

/** Polynomial of CRC-64/NVME, bits reversed. */
const POLYNOMIAL = 0x9a6c9329ac4bc9b5n;

/** Eight tables of 256, low and high halves apart: numbers of 64 bits are slow. */
const tables = lazily(() => {
  const low = new Int32Array(8 * 256);
  const high = new Int32Array(8 * 256);
  const whole: bigint[] = [];
  for (let index = 0; index < low.length; index++) {
    const before = whole[index - 256];
    let crc = before === undefined ? BigInt(index) : before;
    if (before === undefined)
      for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
    else crc = (crc >> 8n) ^ (whole[Number(crc & 255n)] ?? 0n);
    whole.push(crc);
    low[index] = Number(BigInt.asIntN(32, crc));
    high[index] = Number(BigInt.asIntN(32, crc >> 32n));
  }
  return { low, high };
});

function createCrc64(): Checksum {
  const { low: ofLow, high: ofHigh } = tables();
  let low = -1;
  let high = -1;
  return {
    update(bytes) {
      let at = 0;
      for (const whole = bytes.length - 7; at < whole; at += 8) {
        const first = low ^ int32(bytes, at);
        const second = high ^ int32(bytes, at + 4);
        low = high = 0;
        for (let byte = 0; byte < 4; byte++) {
          const one = (7 - byte) * 256 + ((first >>> (8 * byte)) & 255);
          const other = (3 - byte) * 256 + ((second >>> (8 * byte)) & 255);
          low ^= (ofLow[one] as number) ^ (ofLow[other] as number);
          high ^= (ofHigh[one] as number) ^ (ofHigh[other] as number);
        }
      }
      for (; at < bytes.length; at++) {
        const index = (low ^ (bytes[at] as number)) & 255;
        low = ((low >>> 8) | (high << 24)) ^ (ofLow[index] as number);
        high = (high >>> 8) ^ (ofHigh[index] as number);
      }
    },
    value() {
      const eight = Buffer.alloc(8);
      eight.writeInt32BE(~high, 0);
      eight.writeInt32BE(~low, 4);
      return eight.toString('base64');
    },
  };
}

function int32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

function lazily<T>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}

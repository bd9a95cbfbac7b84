/** FNV-1a of nothing. */
export const FNV_START = 0x811c9dc5;

/** FNV-1a of what `hash` stands for and one byte (or 32-bit word) more. */
export function fnvNext(hash: number, part: number): number {
  return Math.imul(hash ^ part, 0x01000193) >>> 0;
}

/**
 * FNV-1a, 32 bits: the same on every machine, quick, and enough to tell apart what nobody forges (names for people,
 * records torn by a crash).
 *
 * @param parts bytes, or 32-bit words
 * @returns an unsigned 32-bit number
 */
export function fnv1a(parts: Iterable<number>): number {
  let hash = FNV_START;
  for (const part of parts) hash = fnvNext(hash, part);
  return hash;
}

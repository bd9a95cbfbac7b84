/**
 * Which of two resource versions is older: negative for `one`, positive for `other`, 0 for the same. Null where they
 * are not the whole numbers that API servers give out (and promise to since Kubernetes 1.35).
 */
export function compareVersions(one: string, other: string): number | null {
  if (one === other) return 0;
  const digits = /^[1-9]\d*$/;
  if (!digits.test(one) || !digits.test(other)) return null;
  // Of 64 bits: too large for a number.
  if (one.length !== other.length) return one.length - other.length;
  return one < other ? -1 : 1;
}

export function isOlder(one: string, other: string): boolean {
  const order = compareVersions(one, other);
  return order !== null && order < 0;
}

/** Bytes of the units people write behind an amount. */
const BYTES: Readonly<Record<string, number>> = {
  k: 1e3,
  ki: 1024,
  m: 1e6,
  mi: 1024 ** 2,
  g: 1e9,
  gi: 1024 ** 3,
  t: 1e12,
  ti: 1024 ** 4,
};
/** Keys that are in GB. */
const IN_GB = new Set(['memory', 'shmSizeGB', 'sizeGB']);

/** What to write instead of a text where a number is wanted: `"8"`, `1_000`, `500m` CPUs, `16Gi` of memory. */
export function amountHint(text: string, key: string): string {
  const plain = Number(text.trim().replaceAll('_', ''));
  if (text.trim() !== '' && Number.isFinite(plain))
    return `write ${plain} without ${text.includes('_') ? '"_"' : 'quotes'}`;
  const [, digits, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(text) ?? [];
  if (digits === undefined || unit === undefined)
    return /\d/.test(text) ? 'write the number alone' : 'write a number';
  const amount = inUnitOf(key, Number(digits), unit.toLowerCase());
  if (amount === null) return 'write the number alone, without a unit';
  return `write ${amount}${IN_GB.has(key) ? ' (the unit is GB)' : ''}`;
}

function inUnitOf(key: string, amount: number, unit: string): number | null {
  if (key === 'cpus') return unit === 'm' ? amount / 1000 : null;
  const scale = BYTES[unit.replace(/b$/, '')];
  if (!IN_GB.has(key) || scale === undefined) return null;
  // "16Gi" and "16G" are both meant as the 16 that the manifest calls GB
  const giga = unit.replace(/b$/, '').endsWith('i') ? 1024 ** 3 : 1e9;
  return Number(((amount * scale) / giga).toPrecision(6));
}

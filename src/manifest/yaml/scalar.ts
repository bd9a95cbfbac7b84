import type { Scalar } from 'yaml';
import type { Finding, Path } from '../diagnostic.ts';

/**
 * The value, and what is odd about how it is written. `010` and `0o10` are other numbers (or texts) in YAML 1.1, which
 * most Python programs read; a NUL (`"\0"`) ends every argument and variable of a process.
 */
export function scalarValue(scalar: Scalar, path: Path, findings: Finding[]): unknown {
  const { value, source } = scalar;
  if (typeof value === 'string' && value.includes('\0')) {
    const message = 'this holds a NUL character, which no process can take';
    findings.push({ code: 'invalid-value', path, at: 'value', message, hint: 'write it without \\0' });
  }
  if (typeof value !== 'number' || source === undefined) return value;
  const octal = /^0o\d+$/.test(source);
  if (!octal && !/^[-+]?0\d+$/.test(source)) return value;
  const message = octal
    ? `${source} is read as ${value} here, and as a text by programs that read YAML 1.1`
    : `${source} has a leading zero: programs disagree whether that is ${value} or an octal number`;
  const hint = `write ${value}, or quote a text`;
  findings.push({ code: 'leading-zero', path, at: 'value', message, hint });
  return value;
}

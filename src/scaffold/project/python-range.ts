import { PYTHON_VERSIONS } from '../answers/choices.ts';

/**
 * The Python that a project's range asks for: `preferred` (that of this machine) where it lies in it, else the newest known
 * one that does, else the lowest that the range names; null where nothing is said.
 *
 * @param range as of PEP 440, or Poetry's: `>=3.11,<3.13`, `~=3.10`, `^3.9`, `3.12.*`
 */
export function pythonInRange(range: string, preferred: string | null): string | null {
  const parts = range
    .split(/,|\s(?=[<>=!~^])/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const lowest = /3\.\d+/.exec(range)?.[0] ?? null;
  if (lowest === null) return null;
  const fits = (version: string) => parts.every((part) => partFits(part, minorOf(version)));
  if (preferred !== null && fits(preferred)) return preferred;
  return PYTHON_VERSIONS.filter(fits).at(-1) ?? lowest;
}

function partFits(part: string, minor: number): boolean {
  const [, operator = '==', number] = /^(<=|>=|==|!=|~=|<|>|~|\^|=)?\s*3\.(\d+)/.exec(part) ?? [];
  // `<4`, `>=3`: every Python 3.
  if (number === undefined) return true;
  const said = Number(number);
  const isPatch = /3\.\d+\.[1-9]/.test(part);
  switch (operator) {
    case '<':
      return isPatch ? minor <= said : minor < said;
    case '<=':
      return minor <= said;
    case '>':
      return isPatch ? minor >= said : minor > said;
    case '>=':
    case '^':
      return minor >= said;
    case '~=':
      return /3\.\d+\.\d+/.test(part) ? minor === said : minor >= said;
    case '!=':
      return minor !== said;
    default:
      return minor === said;
  }
}

function minorOf(version: string): number {
  return Number(version.split('.')[1]);
}

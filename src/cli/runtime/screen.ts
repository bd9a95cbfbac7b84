import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** What a human view needs to know of the place it is drawn on. Plain facts, so that views stay pure. */
export interface Screen {
  /** Columns; lines are cut or wrapped to it. */
  width: number;
  colors: Colors;
  /** Times are shown in UTC, not in the zone of this machine. */
  utc?: boolean;
  /** Lines, where a view is drawn over and over. */
  height?: number;
}

/** One output stream of this process, as far as drawing is concerned. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

type Environment = Record<string, string | undefined>;

/** Columns when a terminal does not say. */
const USUAL_WIDTH = 80;
const USUAL_HEIGHT = 24;

/**
 * A screen for what is written to `output`. A pipe has no width: what is read behind it (`| less`) is read on the terminal
 * that `beside` is, or as wide as COLUMNS says.
 */
export function screenOf(output: Output, env: Environment, beside?: Output): Screen {
  const width = output.columns || Number(env['COLUMNS']) || beside?.columns || USUAL_WIDTH;
  const colors = picocolors.createColors(wantsColor(output, env));
  return { width, height: output.rows || USUAL_HEIGHT, colors };
}

/** NO_COLOR wins, then FORCE_COLOR (`0` and `false` say no), then: a terminal that is not dumb. */
function wantsColor(output: Output, env: Environment): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return output.isTTY === true && env['TERM'] !== 'dumb';
}

/** Whether something may move there: a terminal that has a size, neither dumb nor a CI's. */
export function canAnimate(output: Output, env: Environment): boolean {
  return output.isTTY === true && output.columns !== 0 && env['TERM'] !== 'dumb' && !env['CI'];
}

import picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** What a human view needs to know of the place it is drawn on. Plain facts, so that views stay pure. */
export interface Screen {
  /** Columns; lines are cut or wrapped to it. */
  width: number;
  colors: Colors;
}

/** One output stream of this process, as far as drawing is concerned. */
export interface Output {
  isTTY?: boolean;
  columns?: number;
}

type Environment = Record<string, string | undefined>;

/** Columns when a terminal does not say. */
const USUAL_WIDTH = 80;

export function screenOf(output: Output, env: Environment): Screen {
  return { width: output.columns || USUAL_WIDTH, colors: picocolors.createColors(wantsColor(output, env)) };
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

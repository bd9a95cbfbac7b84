import { didYouMean } from '../base/text/did-you-mean.ts';
import { AichorError } from '../errors.ts';
import { pointText, type Point } from './point.ts';

interface Trial {
  sweep: string;
  point: Point;
  /** From 1. */
  index: number;
  /** From 1. */
  repeat: number;
}

/**
 * The message of one experiment: `lr {LR}, try {repeat}`. Between braces stands a name of the point, or `index`, `repeat`
 * or `name`; `{{` and `}}` are braces. An empty template says the point. Throws AichorError `usage` for a name that there is not.
 */
export function messageOf(template: string, trial: Trial): string {
  const { sweep, point, index, repeat } = trial;
  if (template === '') return pointText(point);
  const known: Record<string, string> = {
    name: sweep,
    index: String(index),
    repeat: String(repeat),
    ...point,
  };
  return template.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, name?: string) => {
    if (whole === '{{' || whole === '}}') return whole.slice(1);
    const value = name !== undefined && Object.hasOwn(known, name) ? known[name] : undefined;
    if (value !== undefined) return value;
    const names = Object.keys(known);
    const near = didYouMean(name ?? '', names);
    throw new AichorError('usage', `--message: this sweep has no ${whole}`, {
      hint:
        near === null ? `there are ${names.map((one) => `{${one}}`).join(', ')}` : `did you mean {${near}}?`,
    });
  });
}

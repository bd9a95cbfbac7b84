import type { EngineFinding } from '../../engine.ts';
import { troubleOf } from '../fit/trouble.ts';

type Said = Omit<EngineFinding, 'status' | 'hint'>;

export function ok({ name, message }: Said): EngineFinding {
  return { name, status: 'ok', message, hint: null };
}

export function warning({ name, message, hint }: Said & { hint: string }): EngineFinding {
  return { name, status: 'warning', message, hint };
}

export function missing({ name, message, hint }: Said & { hint: string }): EngineFinding {
  return { name, status: 'error', message, hint };
}

/** How the settings of an engine are changed: the beginning of a hint. */
export function addedAgain(engine: string): string {
  return `aichor engines add ${engine} with --replace, what it was added with`;
}

/** One check; what keeps it from being made is a finding too. */
export async function checked(
  name: string,
  check: () => Promise<EngineFinding | EngineFinding[]>,
): Promise<EngineFinding[]> {
  try {
    const found = await check();
    return Array.isArray(found) ? found : [found];
  } catch (error) {
    const { message, hint } = troubleOf(error);
    return [{ name, status: 'warning', message: `could not be looked at: ${message}`, hint }];
  }
}

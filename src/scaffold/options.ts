import { run } from '../base/io/run.ts';
import { knownPython, type PythonVersion } from './answers/choices.ts';

/** What both `init` commands are given besides answers. */
export interface InitOptions {
  /** As typed, or null. */
  directory: string | null;
  force: boolean;
  /** Whether a new repository gets a page for agents. */
  agents?: boolean;
  /** Whether people can be asked; `defaults`: the defaults are wanted. */
  asking: 'ask' | 'defaults' | 'never';
  /** Where `templates/` is. */
  packageRoot: string;
  env: Record<string, string | undefined>;
  cwd: string;
  /** Where questions are drawn. */
  prompt: NodeJS.WritableStream;
  notice(message: string): void;
  progress(message: string): void;
  signal: AbortSignal;
}

/** The version of `python3` on PATH: what runs here without anything being installed. */
export async function pythonHere(env: Record<string, string | undefined>): Promise<PythonVersion | null> {
  const { stdout } = await run('python3', ['--version'], { env, timeoutMs: 10_000 });
  return knownPython(stdout);
}

/** The JSON Schema that the first line of a manifest names, as text. */
export async function schemaText(): Promise<string> {
  const { manifestJsonSchema } = await import('../manifest/schema/json-schema.ts');
  return `${JSON.stringify(manifestJsonSchema())}\n`;
}

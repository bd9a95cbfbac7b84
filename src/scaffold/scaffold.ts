import { AichorError } from '../errors.ts';
import { requiredNames, type Answers } from './answers.ts';
import { nameProblem } from './names.ts';
import { renderRepository } from './render.ts';
import { createStage } from './stage.ts';
import { inspectTarget } from './target.ts';
import { lockWithUv, type LockOutcome } from './uv-lock.ts';

interface ScaffoldOptions {
  /** Absolute path of the repository's folder. */
  path: string;
  /** Whether a folder with something in it will do. */
  force: boolean;
  /** The folder `templates/` of this package. */
  templates: string;
  /** JSON Schema of the manifest, as text. */
  schema: string;
  env: Record<string, string | undefined>;
  signal: AbortSignal;
}

/** What was written. */
export interface Scaffolded {
  /** Sorted, relative to the folder. */
  files: string[];
  /** Those among them that were there before. */
  overwritten: string[];
  lock: LockOutcome;
}

/**
 * Writes a new repository: all of it, or nothing. Throws AichorError `usage` (a name that cannot be one),
 * `conflict` (the place is taken), and whatever aborted the signal.
 */
export async function scaffoldRepository(answers: Answers, options: ScaffoldOptions): Promise<Scaffolded> {
  const problem = nameProblem(answers.name, requiredNames(answers));
  if (problem !== null)
    throw new AichorError('usage', `--name ${answers.name}: ${problem}`, { hint: 'give another --name' });
  const rendered = await renderRepository(answers, options);
  const expected = [...rendered.keys(), 'uv.lock'];
  const target = inspectTarget(options.path, expected, options.force);
  const stage = createStage(target, rendered);
  try {
    const lock = await lockWithUv(stage.folder, options);
    const files = expected.filter((file) => file !== 'uv.lock' || lock.kind === 'made').sort();
    options.signal.throwIfAborted();
    stage.commit(files);
    return { files, overwritten: target.collisions.filter((file) => files.includes(file)), lock };
  } catch (error) {
    stage.discard();
    throw error;
  }
}

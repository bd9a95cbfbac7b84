import { boolean, option, string } from '@oclif/core/flags';
import { PROFILES, PYTHON_VERSIONS } from '../../scaffold/answers/choices.ts';
import { SCAFFOLD_OPERATORS } from '../../scaffold/answers/operators.ts';
import type { InitOptions } from '../../scaffold/options.ts';
import type { Talk } from '../runtime/talk.ts';

/** Flags of both commands that write a manifest. */
export const initFlags = {
  name: string({ description: 'What the project is called', helpValue: 'TEXT' }),
  operator: option({
    options: SCAFFOLD_OPERATORS,
    description: SCAFFOLD_OPERATORS.join(', '),
    helpValue: 'NAME',
  })(),
  profile: option({ options: PROFILES, description: 'What the pods ask for' })(),
  python: option({ options: PYTHON_VERSIONS, description: 'Version of Python' })(),
  tensorboard: boolean({ description: 'Write TensorBoard events', allowNo: true }),
  yes: boolean({ char: 'y', description: 'Take the default for whatever is not given' }),
  force: boolean({ description: 'Write over files that are there; what they said is kept as NAME.orig' }),
};

interface Command {
  args: { directory?: string | undefined };
  flags: { yes: boolean; force: boolean };
  canAsk: boolean;
  packageRoot: string;
  talk: Talk;
  signal: AbortSignal;
}

export function initOptions({ args, flags, canAsk, packageRoot, talk, signal }: Command): InitOptions {
  return {
    directory: args.directory ?? null,
    force: flags.force,
    asking: flags.yes ? 'defaults' : canAsk ? 'ask' : 'never',
    packageRoot,
    env: process.env,
    cwd: process.cwd(),
    prompt: process.stderr,
    notice: (message) => talk.notice(message),
    progress: (message) => talk.progress(message),
    signal,
  };
}

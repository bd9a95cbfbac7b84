import { string as stringArg } from '@oclif/core/args';
import { option, string } from '@oclif/core/flags';

/** The sweep that a command is about. */
export const sweepArgument = {
  name: stringArg({ description: 'Name of the sweep', required: true, ignoreStdin: true }),
};

/** Which point is the best. */
export const resultFlags = {
  metric: string({ description: 'What points are compared by', helpValue: 'NAME' }),
  goal: option({
    options: ['min', 'max'] as const,
    description: 'Which is better (default: judged by the name: smaller for a loss)',
  })(),
  take: option({
    options: ['last', 'min', 'max'] as const,
    default: 'last',
    description: 'Which of its values counts: what was written last, or an extreme',
  })(),
};

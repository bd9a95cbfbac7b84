import type { Answers, Given } from './answers.ts';
import { PROFILE_HINTS, PROFILES, PYTHON_VERSIONS, type Profile, type PythonVersion } from './choices.ts';
import { nameProblem, projectNames } from './names.ts';
import { SCAFFOLD_OPERATORS, SCAFFOLDED } from './operators.ts';

interface QuestionOptions {
  /** Offered where nothing better is known. */
  defaults: Answers;
  /** Why a name cannot be used here (its folder is taken, …), or null. */
  placeProblem(name: string): string | null;
  /** Where questions are drawn. */
  output: NodeJS.WritableStream;
  signal: AbortSignal;
}

/** Where questions are drawn, and what ends them. */
interface Asking {
  output: NodeJS.WritableStream;
  signal: AbortSignal;
}

/** Which of these commands the pods run, or another one. Throws as `askForAnswers` does. */
export async function askForCommand(candidates: readonly string[], context: Asking): Promise<string> {
  const { input, select } = await import('@inquirer/prompts');
  const other = '';
  const shown = candidates.slice(0, MOST_COMMANDS);
  const chosen =
    shown.length === 0
      ? other
      : await select(
          {
            message: 'Command',
            choices: [
              ...shown.map((value) => ({ value })),
              { value: other, name: 'another one', short: 'another one' },
            ],
          },
          context,
        );
  if (chosen !== other) return chosen;
  const isFilled = (text: string) =>
    text.trim() !== '' || 'what each pod runs, for example: python -u train.py';
  return input(
    { message: 'Command', default: shown[0] ?? 'python -u train.py', validate: isFilled },
    context,
  );
}

const MOST_COMMANDS = 12;

/** What the pods ask for. */
export async function askForProfile(usual: Profile, context: Asking): Promise<Profile> {
  const { select } = await import('@inquirer/prompts');
  const choices = described(PROFILES, (profile) => PROFILE_HINTS[profile]);
  return select({ message: 'Resources', default: usual, choices }, context);
}

/** Asks for what was not given. Ctrl-C throws what the prompts throw (`ExitPromptError`), an aborted signal its error. */
export async function askForAnswers(given: Given, options: QuestionOptions): Promise<Answers> {
  const { confirm, input, select } = await import('@inquirer/prompts');
  const context = { output: options.output, signal: options.signal };
  const { defaults } = options;
  const name =
    given.name ??
    (await input(
      { message: 'Name', default: defaults.name, validate: (text) => validName(text, options) },
      context,
    ));
  const operator =
    given.operator ??
    (await select(
      {
        message: 'Operator',
        default: defaults.operator,
        choices: described(SCAFFOLD_OPERATORS, (operator) => SCAFFOLDED[operator].hint),
      },
      context,
    ));
  const profile = given.profile ?? (await askForProfile(defaults.profile, context));
  const python =
    given.python ??
    (await select<PythonVersion>(
      { message: 'Python', default: defaults.python, choices: PYTHON_VERSIONS.map((value) => ({ value })) },
      context,
    ));
  const tensorboard =
    given.tensorboard ?? (await confirm({ message: 'TensorBoard', default: defaults.tensorboard }, context));
  return { name, operator, profile, python, tensorboard, pattern: defaults.pattern };
}

/** What `input` wants: true, or the sentence to show below what is typed. */
function validName(text: string, options: QuestionOptions): true | string {
  const problem = nameProblem(text) ?? options.placeProblem(projectNames(text).distribution);
  return problem ?? true;
}

function described<T extends string>(
  values: readonly T[],
  hint: (value: T) => string,
): { value: T; name: string; short: string }[] {
  const width = Math.max(...values.map((value) => value.length));
  return values.map((value) => ({ value, name: `${value.padEnd(width)}  ${hint(value)}`, short: value }));
}

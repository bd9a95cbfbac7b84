import type { Profile, PythonVersion } from './choices.ts';
import { SCAFFOLDED, type ScaffoldOperator } from './operators.ts';

/** Everything `local-repo init` needs to know. */
export interface Answers {
  /** As typed; see `projectNames`. */
  name: string;
  operator: ScaffoldOperator;
  profile: Profile;
  python: PythonVersion;
  tensorboard: boolean;
}

/** What was given on the command line; undefined where nothing was. */
export type Given = { [Key in keyof Answers]?: Answers[Key] | undefined };

type Choice = Omit<Answers, 'name'>;

/** What pyproject.toml declares (PEP 508), sorted. A GPU profile takes the builds that bring CUDA. */
export function requirements(choice: Choice): string[] {
  const onGpu = choice.profile === 'gpu' || choice.profile === 'multi-gpu';
  const list = SCAFFOLDED[choice.operator].libraries({ onGpu, python: choice.python });
  if (choice.tensorboard) list.push('tensorboardx>=2.6');
  return list.sort();
}

/** Names among these requirements, without versions and extras. */
export function requiredNames(choice: Choice): string[] {
  return requirements(choice).map((requirement) => /^[a-z0-9-]+/.exec(requirement)?.[0] ?? requirement);
}

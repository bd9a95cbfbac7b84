import type { Pattern, Profile, PythonVersion } from './choices.ts';
import { SCAFFOLDED, type ScaffoldOperator } from './operators.ts';

/** Everything `local-repo init` needs to know. */
export interface Answers {
  /** As typed; see `projectNames`. */
  name: string;
  operator: ScaffoldOperator;
  profile: Profile;
  python: PythonVersion;
  tensorboard: boolean;
  /** How the pods of a jobset wait for each other; null: they do not. */
  pattern: Pattern | null;
}

/** What was given on the command line; undefined where nothing was. */
export type Given = { [Key in keyof Answers]?: Answers[Key] | undefined };

type Choice = Omit<Answers, 'name'>;

/** What pyproject.toml declares (PEP 508), sorted. A GPU profile takes the builds that bring CUDA. */
export function requirements(choice: Choice): string[] {
  const list = SCAFFOLDED[choice.operator].libraries({ onGpu: isOnGpu(choice.profile) });
  // What writes the events, and what shows them.
  if (choice.tensorboard) list.push('tensorboard>=2.16', 'tensorboardx>=2.6');
  return list.sort();
}

/** Names among these requirements, without versions and extras. */
export function requiredNames(choice: Choice): string[] {
  return requirements(choice).map((requirement) => /^[a-z0-9-]+/.exec(requirement)?.[0] ?? requirement);
}

/** Whether the pods ask for GPUs. */
export function isOnGpu(profile: Profile): boolean {
  return profile === 'gpu' || profile === 'multi-gpu';
}

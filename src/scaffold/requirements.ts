import type { Answers } from './answers.ts';
import { SCAFFOLDED } from './operators.ts';

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

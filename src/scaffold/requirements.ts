import type { Answers } from './answers.ts';

type Choice = Omit<Answers, 'name'>;

/** Ray of the cluster and of the image must be the same: the manifest says it, pyproject.toml pins it. */
export function rayVersion({ python }: Pick<Choice, 'python'>): string {
  return python === '3.10' || python === '3.11' ? '2.23.0' : '2.60.0';
}

/** What pyproject.toml declares (PEP 508), sorted. A GPU profile takes the builds that bring CUDA. */
export function requirements(choice: Choice): string[] {
  const list = libraries(choice);
  if (choice.tensorboard) list.push('tensorboardx>=2.6');
  return list.sort();
}

/** Names among these requirements, without versions and extras. */
export function requiredNames(choice: Choice): string[] {
  return requirements(choice).map((requirement) => /^[a-z0-9-]+/.exec(requirement)?.[0] ?? requirement);
}

function libraries(choice: Choice): string[] {
  const onGpu = choice.profile === 'gpu' || choice.profile === 'multi-gpu';
  switch (choice.operator) {
    case 'jobset':
      return [];
    case 'jax':
      // 0.5.3 is the first whose processes can add up numbers on CPUs without being told how.
      return onGpu
        ? ["jax[cuda12]>=0.5.3; sys_platform == 'linux'", "jax>=0.5.3; sys_platform != 'linux'", 'numpy']
        : ['jax>=0.5.3', 'numpy'];
    case 'pytorch':
      return ['torch>=2.2'];
    case 'xgboost':
      return onGpu
        ? ['numpy', 'xgboost>=2.1']
        : ['numpy', "xgboost-cpu>=2.1; sys_platform == 'linux'", "xgboost>=2.1; sys_platform != 'linux'"];
    case 'kuberay':
      return [`ray[default]==${rayVersion(choice)}`];
  }
}

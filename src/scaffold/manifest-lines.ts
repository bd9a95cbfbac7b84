import type { ScaffoldPodType } from './operators.ts';

/** A product that clusters label their nodes with; the user puts in the label of their own. */
const EXAMPLE_GPU = 'NVIDIA-A100-SXM4-80GB';

/** The `resources:` block of one type as lines of YAML, `indent` spaces in, with a newline at the end of each. */
export function resourceLines(type: ScaffoldPodType, indent: number): string {
  const lines = [
    'resources:',
    `  cpus: ${type.cpus}`,
    `  ramRatio: ${type.ramRatio} # GB of memory for each CPU`,
  ];
  if (type.shmSizeGB > 0) lines.push(`  shmSizeGB: ${type.shmSizeGB}`);
  if (type.gpus > 0) {
    lines.push(
      '  accelerators:',
      '    gpu:',
      `      count: ${type.gpus}`,
      '      type: gpu',
      `      product: ${EXAMPLE_GPU} # the label of your cluster's GPU nodes`,
    );
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

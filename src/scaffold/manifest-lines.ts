import type { ScaffoldPodType } from './answers/operators.ts';

/** A product that clusters label their nodes with; the user puts in the label of their own. */
const EXAMPLE_GPU = 'NVIDIA-A100-SXM4-80GB';
const PRODUCT = `product: ${EXAMPLE_GPU} # CHANGE this to the label of your cluster's GPU nodes; here any GPU does`;

/** The `resources:` block of one type as lines of YAML, `indent` spaces in, with a newline at the end of each. */
export function resourceLines(type: ScaffoldPodType, indent: number): string {
  const lines = [
    'resources:',
    `  cpus: ${type.cpus}`,
    `  ramRatio: ${type.ramRatio} # GB of memory for each CPU; or memory: 8, in GB`,
  ];
  lines.push(
    type.shmSizeGB > 0 ? `  shmSizeGB: ${type.shmSizeGB}` : '  # shmSizeGB: 1 # /dev/shm, for data loaders',
  );
  const gpu = [
    'accelerators:',
    '  gpu:',
    `    count: ${Math.max(1, type.gpus)}`,
    '    type: gpu',
    `    ${PRODUCT}`,
  ];
  lines.push(...gpu.map((line) => (type.gpus > 0 ? `  ${line}` : `  # ${line}`)));
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

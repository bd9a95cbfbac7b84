import { typesForm } from '../../../operators/table.ts';
import { quoted } from '../../describe.ts';
import type { Finding, Path } from '../../diagnostic.ts';
import {
  fields,
  isFields,
  numberAt,
  podBlocks,
  type Draft,
  type Fields,
  type PodBlock,
  type Rule,
} from '../../draft.ts';

/** GPUs need a product, TPU slices must be whole, and only kuberay spans several hosts with one. */
export const acceleratorsRule: Rule = (draft) =>
  podBlocks(draft).flatMap((pod) => {
    const here = [...pod.path, 'resources', 'accelerators'];
    const { gpu, tpu } = fields(pod.resources['accelerators']);
    const both = isFields(gpu) && isFields(tpu) && numberAt(gpu, 'count', 0) > 0;
    const conflict: Finding[] = both
      ? [
          {
            code: 'conflicting-keys',
            path: [...here, 'tpu'],
            at: 'key',
            message: 'a pod cannot have GPUs and TPUs',
            hint: 'keep one of them',
          },
        ]
      : [];
    return [
      ...(isFields(gpu) ? gpuFindings(gpu, [...here, 'gpu']) : []),
      ...(isFields(tpu) ? tpuFindings(draft, pod, tpu) : []),
      ...conflict,
    ];
  });

function gpuFindings(gpu: Fields, path: Path): Finding[] {
  const findings: Finding[] = [];
  const absent = gpu['product'] === undefined || gpu['product'] === null;
  if (
    numberAt(gpu, 'count', 0) > 0 &&
    absent &&
    !Object.keys(gpu).some((key) => /^prod/i.test(key) && key !== 'product')
  ) {
    const hint = 'add product, the name the nodes are labelled with, for example "NVIDIA-A100-SXM4-80GB"';
    findings.push({ code: 'missing-product', path, at: 'key', message: 'the GPU product is missing', hint });
  }
  if (typeof gpu['type'] === 'string' && gpu['type'] !== 'gpu') {
    const message = `the type of a GPU is always "gpu"; ${quoted(gpu['type'])} has no meaning`;
    findings.push({
      code: 'gpu-type',
      path: [...path, 'type'],
      at: 'value',
      message,
      hint: 'write "gpu"; the model is said by product',
    });
  }
  return findings;
}

function tpuFindings({ operator }: Draft, pod: PodBlock, tpu: Fields): Finding[] {
  const { topology } = tpu;
  const chips = numberAt(tpu, 'tpuChipsCount', 0);
  if (typeof topology !== 'string' || !/^\d+(x\d+){1,2}$/.test(topology) || chips < 1) return [];
  const all = topology.split('x').reduce((product, axis) => product * Number(axis), 1);
  const path = [...pod.path, 'resources', 'accelerators', 'tpu', 'topology'];
  if (all === 0 || all % chips !== 0) {
    const message = `the topology ${topology} has ${all} chips, which ${chips} per VM do not divide`;
    return [
      {
        code: 'tpu-topology',
        path,
        at: 'value',
        message,
        hint: 'tpuChipsCount is the number of chips of one VM; it divides the product of the topology',
      },
    ];
  }
  const severalHosts = pod.kind === 'worker-group';
  if (all === chips || severalHosts) return [];
  const message = `the topology ${topology} needs ${all / chips} hosts of ${chips} chips`;
  const hint =
    typesForm(operator) === 'ray'
      ? 'ask for it in a worker group; the head is one host'
      : 'several hosts need the operator kuberay; one host has as many chips as the topology';
  return [{ code: 'tpu-multi-host', path, at: 'value', message, hint }];
}

import { fields, listAt, numberAt, podBlocks, type Rule } from '../../draft.ts';

/** H100 nodes have fast networks; the same job over TCP was measured nine times slower. */
export const rdmaRule: Rule = (draft) => {
  if (draft.operator !== 'pytorch') return [];
  const blocks = podBlocks(draft);
  if (blocks.reduce((total, block) => total + block.pods, 0) < 2) return [];
  return blocks.flatMap(({ path, resources }) => {
    const gpu = fields(fields(resources['accelerators'])['gpu']);
    const { product } = gpu;
    const wholeH100 = typeof product === 'string' && /h100/i.test(product) && !/mig-/i.test(product);
    if (!wholeH100 || numberAt(gpu, 'count', 0) === 0 || listAt(resources, ['rdma', 'devices']).length > 0)
      return [];
    const message = 'several pods with H100 GPUs talk over the slow network';
    const hint = 'add resources.rdma.devices if the engine has them (your administrator knows the names)';
    return [
      {
        code: 'rdma-missing',
        path: [...path, 'resources', 'accelerators', 'gpu', 'product'],
        at: 'value',
        message,
        hint,
      },
    ];
  });
};

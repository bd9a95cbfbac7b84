import { memoryOf, numberAt, podBlocks, type Rule } from '../../draft.ts';

/** /dev/shm lives in the pod's memory. */
export const sharedMemoryRule: Rule = (draft) =>
  podBlocks(draft).flatMap(({ path, resources }) => {
    const shm = numberAt(resources, 'shmSizeGB', 0);
    const memory = memoryOf(resources);
    if (memory === null || memory <= 0 || shm <= memory) return [];
    const message = `shmSizeGB is ${shm}, more than the ${memory} GB of memory it is taken from`;
    return [
      {
        code: 'shm-above-memory',
        path: [...path, 'resources', 'shmSizeGB'],
        at: 'value',
        message,
        hint: 'raise the memory, or lower shmSizeGB',
      },
    ];
  });
